import { Button } from '@jupyterlab/ui-components';
import { useState } from 'react';
import type { Plan } from '../api/wire';
import { useTrans } from '../translation';
import { isHeldBack, planLabel, planSentence, verbName } from '../words';
import { GateReport } from './GateReport';
import { Field, Modal } from './Modal';

interface IPlanDialogProps {
  plan: Plan;
  /** Called with the word that was typed (empty when none was asked for), or null. */
  onClose: (typed: string | null) => void;
  /** Called when the assignment's own solution shall be tried again instead. */
  onCheck: () => void;
}

/** Say what a job would replace, for how many and where the backup goes, before it is done. */
export function PlanDialog({ plan, onClose, onCheck }: IPlanDialogProps): JSX.Element {
  const trans = useTrans();
  const [typed, setTyped] = useState('');
  const sentence = planSentence(plan, trans);
  const word = plan.confirm_with;
  const perStudent = plan.total > 1 || plan.new > 1;
  return (
    <Modal
      title={`${verbName(plan.verb, trans)} · ${plan.assignment_id}`}
      accept={planLabel(plan, trans)}
      danger={word !== null || isHeldBack(plan)}
      disabled={word !== null && typed !== word}
      extra={
        isHeldBack(plan) && (
          <Button type="button" className="jp-mod-styled" onClick={onCheck}>
            {trans.__('Check again')}
          </Button>
        )
      }
      onAccept={() => onClose(typed)}
      onDismiss={() => onClose(null)}
    >
      {sentence && <p>{sentence}</p>}
      {plan.new > 0 && perStudent && (
        <p>{trans._n('%1 has no earlier result.', '%1 have no earlier result.', plan.new)}</p>
      )}
      {plan.unchanged > 0 && (
        <p>{trans._n('%1 is up to date and is left alone.', '%1 are up to date and are left alone.', plan.unchanged)}</p>
      )}
      {plan.warnings.length > 0 && (
        <ul className="jp-Hubgrade-warnings">
          {plan.warnings.map(warning => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      {plan.gate && <GateReport gate={plan.gate} />}
      {plan.backup && (
        <p className="jp-Hubgrade-muted">
          {plan.backup.startsWith('/')
            ? trans.__('What is there now is kept in')
            : trans.__('What is there now is kept in the course folder, in')}{' '}
          <code>{plan.backup}</code>
        </p>
      )}
      {word !== null && (
        <Field label={trans.__('Type %1 to confirm', word)}>
          {ids => (
            <input
              {...ids}
              className="jp-mod-styled"
              autoFocus
              autoComplete="off"
              value={typed}
              onChange={event => setTyped(event.target.value)}
            />
          )}
        </Field>
      )}
    </Modal>
  );
}
