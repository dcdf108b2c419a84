import { Button } from '@jupyterlab/ui-components';
import type { AssignmentRow, Job } from '../api/wire';
import { useTrans } from '../translation';
import { nextStepLabel, restingWord, verbName } from '../words';
import { Bar, Chip } from './Marks';
import { useBusy } from './useBusy';

interface INextStepButtonProps {
  row: AssignmentRow;
  /** The job that works on this assignment now, if any. */
  job?: Job;
  onStep: () => Promise<void>;
}

/** The one thing that is due for an assignment: a button, what runs now, or a quiet word. */
export function NextStepButton({ row, job, onStep }: INextStepButtonProps): JSX.Element {
  const trans = useTrans();
  const [busy, run] = useBusy(onStep);
  const step = row.next_step.step === 'generate_assignment' ? row.generated : row.released;
  const label = nextStepLabel(row.next_step, trans, step.state === 'outdated');
  if (job) {
    return (
      <span className="jp-Hubgrade-next jp-mod-running">
        <span>
          {job.state === 'queued'
            ? trans.__('%1: waiting', verbName(job.request.verb, trans))
            : job.total > 1
              ? trans.__('%1 %2 of %3', verbName(job.request.verb, trans), job.done, job.total)
              : verbName(job.request.verb, trans)}
        </span>
        <Bar done={job.done} total={job.total} failed={job.failed} />
      </span>
    );
  }
  if (label === null) {
    const rest = restingWord(row.next_step, trans);
    return (
      <span className="jp-Hubgrade-next jp-mod-resting">
        {row.next_step.step === 'done' ? <Chip tone="ok">{rest}</Chip> : rest}
      </span>
    );
  }
  return (
    <Button
      className="jp-Hubgrade-next jp-mod-styled jp-mod-accept"
      aria-label={`${label}: ${row.assignment_id}`}
      aria-busy={busy}
      aria-disabled={busy}
      onClick={run}
    >
      {label}
    </Button>
  );
}
