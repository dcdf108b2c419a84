import type { Job } from '../api/wire';
import { duration } from '../dates';
import { useTrans } from '../translation';
import { tally, verbName } from '../words';
import { Modal } from './Modal';

interface ICancelDialogProps {
  job: Job;
  /** For how long what is under way may go on. */
  grace_s: number;
  onClose: (answer: true | null) => void;
}

/** Say what becomes of what is done, under way and waiting, before a job is cancelled. */
export function CancelDialog({ job, grace_s, onClose }: ICancelDialogProps): JSX.Element {
  const trans = useTrans();
  const left = job.total - job.done;
  return (
    <Modal
      title={trans.__('Stop %1 %2?', verbName(job.request.verb, trans), job.request.assignment_id)}
      accept={trans.__('Stop the job')}
      dismiss={job.request.verb === 'autograde' ? trans.__('Keep grading') : trans.__('Keep running')}
      danger
      onAccept={() => onClose(true)}
      onDismiss={() => onClose(null)}
    >
      <p>
        {job.done > 0 ? trans.__('So far %1: that stays as it is.', tally(job, trans)) : trans.__('Nothing is done so far.')}
      </p>
      <p>
        {grace_s > 0
          ? trans.__('Submissions that are being graded get %1 to finish, then they are cut.', duration(grace_s, trans))
          : trans.__('Submissions that are being graded are cut at once.')}{' '}
        {trans._n(
          'Of the %1 that is left, what waits is skipped; it can be graded later.',
          'Of the %1 that are left, those that wait are skipped; they can be graded later.',
          left
        )}
      </p>
    </Modal>
  );
}
