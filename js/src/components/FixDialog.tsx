import type { FixPlan } from '../api/wire';
import { useTrans } from '../translation';
import { FixChanges } from './FixChanges';
import { Modal } from './Modal';

interface IFixDialogProps {
  plan: FixPlan;
  onClose: (answer: true | null) => void;
}

/** Show exactly what a fix would change, before it is done. */
export function FixDialog({ plan, onClose }: IFixDialogProps): JSX.Element {
  const trans = useTrans();
  return (
    <Modal title={plan.title} accept={plan.button} onAccept={() => onClose(true)} onDismiss={() => onClose(null)}>
      <p>{trans._n('It makes this change:', 'It makes these %1 changes:', plan.changes.length)}</p>
      <FixChanges changes={plan.changes} />
      <p className="jp-Hubgrade-muted">
        {plan.reversible
          ? trans.__('Nothing has been changed yet. It can be undone later, under Fixes on the Preflight tab.')
          : trans.__('Nothing has been changed yet. It cannot be undone.')}
      </p>
    </Modal>
  );
}
