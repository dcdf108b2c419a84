import type { Job } from '../api/wire';
import { RunningJobs } from '../components/RunningJobs';
import { useActiveJobs, useHubgrade, useSecondsLeft } from '../hooks';

interface IJobsUnderWayProps {
  course: string;
  /** Show a job in the history; without it the job's name is no link. */
  onShow?: (job: Job) => void;
}

/** The jobs of a course that run or wait; only these lines are drawn anew as time goes by. */
export function JobsUnderWay({ course, onShow }: IJobsUnderWayProps): JSX.Element {
  const { acts } = useHubgrade();
  const jobs = useActiveJobs(course);
  const leftOf = useSecondsLeft(jobs);
  return <RunningJobs jobs={jobs} leftOf={leftOf} onCancel={job => acts.cancel(job)} onShow={onShow} />;
}
