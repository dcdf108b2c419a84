import type { Gate } from '../api/wire';
import { useTrans } from '../translation';
import { GateReport } from './GateReport';
import { Modal } from './Modal';

interface IGateDialogProps {
  assignment: string;
  gate: Gate;
  onClose: (again: true | null) => void;
}

/** Show all that grading an assignment's own solution has shown. */
export function GateDialog({ assignment, gate, onClose }: IGateDialogProps): JSX.Element {
  const trans = useTrans();
  return (
    <Modal
      title={trans.__('Check of the solution · %1', assignment)}
      accept={trans.__('Check again')}
      dismiss={trans.__('Close')}
      onAccept={() => onClose(true)}
      onDismiss={() => onClose(null)}
    >
      <GateReport gate={gate} />
    </Modal>
  );
}
