import { Button } from '@jupyterlab/ui-components';
import type { Job, JobLog } from '../api/wire';
import { duration } from '../dates';
import type { Tone } from '../outcome';
import { useTrans } from '../translation';
import { jobLeft, jobResult, verbName } from '../words';
import { Bar, Chip, Time } from './Marks';
import { useBusy } from './useBusy';

interface IJobItemProps {
  job: Job;
  now: number;
  /** How many seconds it has left of its estimate, below 0 when it has run out; null without one. */
  left: number | null;
  open: boolean;
  onToggle: () => void;
  onCancel: () => Promise<void>;
  /** Null when a newer job has taken up what failed. */
  onRetry: (() => Promise<void>) | null;
  /** What is shown when the job is open. */
  children?: React.ReactNode;
}

const TONE: Record<Job['state'], Tone> = {
  queued: 'none', running: 'info', done: 'ok', failed: 'error', cancelled: 'none'
};

/** One job of the history: what it did, how far it came, and what can be done about it. */
export function JobItem({ job, now, left, open, onToggle, onCancel, onRetry, children }: IJobItemProps): JSX.Element {
  const trans = useTrans();
  const [cancelling, cancel] = useBusy(onCancel);
  const [retrying, retry] = useBusy(async () => onRetry?.());
  const active = job.state === 'queued' || job.state === 'running';
  const tone: Tone = job.state === 'done' && job.failed > 0 ? 'warning' : TONE[job.state];
  const words: Record<Job['state'], string> = {
    queued: trans.__('Waiting'),
    running: job.cancelling ? trans.__('Stopping') : trans.__('Running'),
    done: trans.__('Done'),
    failed: trans.__('Failed'),
    cancelled: trans.__('Cancelled')
  };
  const title = `${verbName(job.request.verb, trans)} ${job.request.assignment_id}`;
  const took = job.started_at && job.ended_at
    ? duration((Date.parse(job.ended_at) - Date.parse(job.started_at)) / 1000, trans)
    : '';
  return (
    <li className="jp-Hubgrade-history">
      <div className="jp-Hubgrade-line">
        <button type="button" className="jp-Hubgrade-fold" aria-expanded={open} onClick={onToggle}>
          <span aria-hidden="true">{open ? '▾' : '▸'}</span> {title}
        </button>
        <Chip tone={tone}>{words[job.state]}</Chip>
        <span className="jp-Hubgrade-grow">
          {summary()}
        </span>
        <span className="jp-Hubgrade-muted">
          {job.created_by} · <Time iso={job.created_at} now={now} />
          {took && ` · ${took}`}
        </span>
        {active && (
          <Button className="jp-mod-styled jp-Hubgrade-small" disabled={cancelling || job.cancelling} onClick={cancel}>
            {trans.__('Cancel')}
          </Button>
        )}
        {!active && onRetry && (job.failed > 0 || job.state === 'failed' || job.state === 'cancelled') && (
          <Button className="jp-mod-styled jp-Hubgrade-small" disabled={retrying} onClick={retry}>
            {job.failed > 0 ? trans.__('Retry failed %1', job.failed) : trans.__('Retry')}
          </Button>
        )}
      </div>
      {active && <Bar done={job.done} total={job.total} failed={job.failed} label={title} />}
      {open && <div className="jp-Hubgrade-detail">{children}</div>}
    </li>
  );

  function summary(): string {
    if (active) {
      return [trans.__('%1 of %2', job.done, job.total), jobLeft(job, left, trans)].filter(Boolean).join(' · ');
    }
    if (job.state === 'cancelled') {
      return trans.__('after %1 of %2', job.done, job.total);
    }
    // the chip has said it already
    return job.state === 'done' && job.total <= 1 && job.failed === 0 ? '' : jobResult(job, trans);
  }
}

interface IJobLogViewProps {
  pages: JobLog[];
  onMore: () => Promise<unknown>;
}

/** A job's log, a page at a time. */
export function JobLogView({ pages, onMore }: IJobLogViewProps): JSX.Element {
  const trans = useTrans();
  const [busy, more] = useBusy(onMore);
  const last = pages[pages.length - 1];
  const text = pages.map(page => page.text).join('');
  return (
    <>
      <pre className="jp-Hubgrade-log" tabIndex={0} aria-label={trans.__('Log')}>
        {text || trans.__('The log is empty.')}
      </pre>
      {last && last.next_offset < last.size_bytes && (
        <Button className="jp-mod-styled jp-Hubgrade-small" disabled={busy} onClick={more}>
          {trans.__('Show more of the log')}
        </Button>
      )}
    </>
  );
}
