import { Button } from '@jupyterlab/ui-components';
import { useState } from 'react';
import type { Failure } from '../api/errors';
import { isActive, type Job } from '../api/wire';
import { Empty, Faces } from '../components/Faces';
import { JobItem, JobLogView } from '../components/JobItem';
import { JobResults } from '../components/JobResults';
import { useHubgrade, useJob, useJobLog, useJobs, useNow, useSecondsLeft, useTakenUp } from '../hooks';

interface IHistoryTabProps {
  course: string;
  /** The job that is unfolded. */
  opened: string | null;
  onOpen: (job: string | null) => void;
}

/** How many ended jobs are shown before one asks for more. */
const PAGE = 50;

/** The jobs of a course: running, waiting, ended. */
export function HistoryTab({ course, opened, onOpen }: IHistoryTabProps): JSX.Element {
  const { acts, trans } = useHubgrade();
  const now = useNow();
  const page = useJobs(course);
  const [limit, setLimit] = useState(PAGE);
  const leftOf = useSecondsLeft((page.data?.jobs ?? []).filter(isActive));
  const item = (job: Job) => (
    <HistoryItem
      key={job.job_id}
      job={job}
      jobs={page.data?.jobs ?? []}
      now={now}
      left={leftOf(job)}
      open={opened === job.job_id}
      onToggle={() => onOpen(opened === job.job_id ? null : job.job_id)}
    />
  );
  return (
    <Faces
      data={page.data}
      error={page.error}
      rows={6}
      onRetry={() => void page.refetch()}
      onCopy={failure => void acts.copyReport(failure)}
    >
      {({ jobs }) => {
        const active = jobs.filter(isActive);
        const ended = jobs.filter(job => !isActive(job));
        const groups: [string, Job[]][] = [
          [trans.__('Running'), active.filter(job => job.state === 'running')],
          [trans.__('Waiting'), active.filter(job => job.state === 'queued').reverse()],
          [trans.__('Ended'), ended.slice(0, limit)]
        ];
        return jobs.length === 0 ? (
          <Empty title={trans.__('Nothing has been done yet')}>
            {trans.__('Every job of this course is listed here with its result and its log.')}
          </Empty>
        ) : (
          <div className="jp-Hubgrade-column">
            {groups
              .filter(([, some]) => some.length > 0)
              .map(([title, some]) => (
                <section key={title} className="jp-Hubgrade-section" aria-label={title}>
                  <h3>{title}</h3>
                  <ul className="jp-Hubgrade-list">{some.map(item)}</ul>
                </section>
              ))}
            {ended.length > limit && (
              <Button className="jp-mod-styled" onClick={() => setLimit(limit + PAGE)}>
                {trans.__('Show %1 older', Math.min(PAGE, ended.length - limit))}
              </Button>
            )}
          </div>
        );
      }}
    </Faces>
  );
}

interface IHistoryItemProps {
  job: Job;
  /** All jobs of the course, the newest first. */
  jobs: Job[];
  now: number;
  left: number | null;
  open: boolean;
  onToggle: () => void;
}

function HistoryItem({ job, jobs, ...shown }: IHistoryItemProps): JSX.Element {
  const { acts } = useHubgrade();
  const takenUp = useTakenUp(job, jobs);
  return (
    <JobItem {...shown} job={job} onCancel={() => acts.cancel(job)} onRetry={takenUp ? null : () => acts.retry(job)}>
      <JobDetails course={job.course_key} job={job} />
    </JobItem>
  );
}

function JobDetails({ course, job }: { course: string; job: Job }): JSX.Element {
  const { acts } = useHubgrade();
  const detail = useJob(course, job);
  const log = useJobLog(course, job);
  const copy = (failure: Failure) => void acts.copyReport(failure);
  return (
    <>
      <Faces data={detail.data} error={detail.error} rows={2} onRetry={() => void detail.refetch()} onCopy={copy}>
        {data => <JobResults detail={data} onFix={finding => void acts.fix(course, finding.check_id)} />}
      </Faces>
      <Faces data={log.data} error={log.error} rows={3} onRetry={() => void log.refetch()} onCopy={copy}>
        {data => <JobLogView pages={data.pages} onMore={() => log.fetchNextPage()} />}
      </Faces>
    </>
  );
}
