import { Button } from '@jupyterlab/ui-components';
import type { Failure } from '../api/errors';
import { useTrans } from '../translation';
import { Modal } from './Modal';

interface IFailureDialogProps {
  failure: Failure;
  onCopy: () => void;
  onClose: (answer: null) => void;
}

/** Say what could not be done, why, and what to do next. */
export function FailureDialog({ failure, onCopy, onClose }: IFailureDialogProps): JSX.Element {
  const trans = useTrans();
  return (
    <Modal
      title={trans.__('This could not be done')}
      onDismiss={() => onClose(null)}
      extra={
        <Button type="button" className="jp-mod-styled" onClick={onCopy}>
          {trans.__('Copy report')}
        </Button>
      }
    >
      <p>{failure.message}</p>
      {failure.remedy && <p>{failure.remedy}</p>}
      {failure.suggestion && <p>{trans.__('Suggestion: %1', failure.suggestion)}</p>}
    </Modal>
  );
}
