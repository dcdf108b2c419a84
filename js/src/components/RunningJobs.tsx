import { Button } from '@jupyterlab/ui-components';
import { useRef } from 'react';
import type { Job } from '../api/wire';
import { useTrans } from '../translation';
import { jobLeft, verbName } from '../words';
import { Bar } from './Marks';
import { useBusy } from './useBusy';

interface IRunningJobsProps {
  jobs: Job[];
  /** How many seconds a job has left of its estimate, below 0 when it has run out; null without one. */
  leftOf: (job: Job) => number | null;
  onCancel: (job: Job) => Promise<void>;
  /** Show a job in the history; without it the job's name is no link. */
  onShow?: (job: Job) => void;
}

/** The jobs under way, each with its progress and a way to stop it. */
export function RunningJobs({ jobs, leftOf, onCancel, onShow }: IRunningJobsProps): JSX.Element | null {
  const trans = useTrans();
  if (jobs.length === 0) {
    return <Announcer jobs={jobs} />;
  }
  return (
    <section className="jp-Hubgrade-section jp-Hubgrade-running" aria-label={trans.__('Running')}>
      <h3>{trans.__('Running')}</h3>
      {jobs.map(job => (
        <RunningJob
          key={job.job_id}
          job={job}
          left={leftOf(job)}
          onCancel={() => onCancel(job)}
          onShow={onShow && (() => onShow(job))}
        />
      ))}
      <Announcer jobs={jobs} />
    </section>
  );
}

interface IRunningJobProps {
  job: Job;
  left: number | null;
  onCancel: () => Promise<void>;
  onShow?: () => void;
}

function RunningJob({ job, left, onCancel, onShow }: IRunningJobProps): JSX.Element {
  const trans = useTrans();
  const [busy, cancel] = useBusy(onCancel);
  const title = `${verbName(job.request.verb, trans)} ${job.request.assignment_id}`;
  const said: string[] = [];
  if (job.state === 'queued') {
    said.push(trans.__('waits for the job before it'));
  } else if (job.cancelling) {
    said.push(trans.__('stopping'));
  } else {
    if (job.failed > 0) {
      said.push(trans.__('%1 failed', job.failed));
    }
    said.push(jobLeft(job, left, trans) || trans.__('working out how long it takes'));
  }
  return (
    <div className="jp-Hubgrade-job">
      <div className="jp-Hubgrade-line">
        {onShow ? (
          <Button minimal className="jp-Hubgrade-link" onClick={onShow} title={trans.__('Show in history')}>
            {title}
          </Button>
        ) : (
          <strong>{title}</strong>
        )}
        <span className="jp-Hubgrade-count">
          {job.total > 0 ? trans.__('%1 of %2', job.done, job.total) : ''}
        </span>
      </div>
      <Bar done={job.done} total={job.total} failed={job.failed} label={title} />
      <div className="jp-Hubgrade-line">
        <span className="jp-Hubgrade-muted">{said.join(' · ')}</span>
        <Button
          className="jp-mod-styled jp-Hubgrade-small"
          disabled={busy || job.cancelling}
          aria-label={trans.__('Cancel %1', title)}
          onClick={cancel}
        >
          {trans.__('Cancel')}
        </Button>
      </div>
    </div>
  );
}

/** Say in a live region how far jobs are, at each quarter only. */
function Announcer({ jobs }: { jobs: Job[] }): JSX.Element {
  const trans = useTrans();
  const said = useRef(new Map<string, number>());
  const text = useRef('');
  for (const job of jobs) {
    const quarter = job.total > 0 ? Math.floor((4 * job.done) / job.total) : 0;
    if (said.current.get(job.job_id) !== quarter) {
      said.current.set(job.job_id, quarter);
      const title = `${verbName(job.request.verb, trans)} ${job.request.assignment_id}`;
      text.current = trans.__('%1: %2 percent', title, quarter * 25);
    }
  }
  for (const [job_id] of said.current) {
    if (!jobs.some(job => job.job_id === job_id)) {
      said.current.delete(job_id);
    }
  }
  return (
    <div className="jp-Hubgrade-unseen" aria-live="polite">
      {text.current}
    </div>
  );
}
