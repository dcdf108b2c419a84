/** What views read: the shared parts, whether they are visible, and server state. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { isActive, type CourseRef, type Finding, type Job, type PreflightReport } from './api/wire';
import { covers, successors } from './retries';
import type { IChoice } from './state';
import type { IHubgrade } from './tokens';

/** How often the time is renewed that a running job has left. */
const TICK_MS = 2_000;
/** How often the results and the log of a running job are asked for. */
const WHILE_ACTIVE_MS = 4_000;

export const HubgradeContext = createContext<IHubgrade | null>(null);

/** Whether the widget around a view is on the screen; what is not does not fetch. */
export const VisibleContext = createContext(true);

export function useHubgrade(): IHubgrade {
  const hubgrade = useContext(HubgradeContext);
  if (!hubgrade) {
    throw new Error('a hubgrade view outside of its context');
  }
  return hubgrade;
}

export function useVisible(): boolean {
  return useContext(VisibleContext);
}

/** Return the current time, renewed every minute while visible. */
export function useNow(everyMs = 60_000): number {
  const visible = useVisible();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!visible) {
      return;
    }
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [visible, everyMs]);
  return now;
}

export function useChoice(): IChoice {
  const { chosen } = useHubgrade();
  return useSyncExternalStore(
    notify => {
      chosen.changed.connect(notify);
      return () => void chosen.changed.disconnect(notify);
    },
    () => chosen.value
  );
}

export function useSession() {
  const { model } = useHubgrade();
  return useQuery({ ...model.session(), enabled: useVisible() });
}

/** Return the course with a key, else the chosen one, else the server's default, else the first. */
export function pickCourse(
  courses: CourseRef[],
  wanted: (string | null | undefined)[]
): CourseRef | null {
  for (const key of wanted) {
    const found = courses.find(course => course.course_key === key);
    if (found) {
      return found;
    }
  }
  return courses[0] ?? null;
}

export function useAssignments(course: string | null) {
  const { model } = useHubgrade();
  const visible = useVisible();
  return useQuery({ ...model.assignments(course ?? ''), enabled: visible && course !== null });
}

export function useSubmissions(course: string, assignment: string | null) {
  const { model } = useHubgrade();
  const visible = useVisible();
  return useQuery({
    ...model.submissions(course, assignment ?? ''),
    enabled: visible && assignment !== null
  });
}

export function useStudents(course: string) {
  const { model } = useHubgrade();
  return useQuery({ ...model.students(course), enabled: useVisible() });
}

export function useConfig(course: string) {
  const { model } = useHubgrade();
  return useQuery({ ...model.config(course), enabled: useVisible() });
}

/** Return the report at once, and with its slow checks as soon as they are there. */
export function usePreflight(course: string) {
  const { model } = useHubgrade();
  const visible = useVisible();
  const quick = useQuery({ ...model.preflight(course), enabled: visible });
  const whole = useQuery({
    ...model.wholePreflight(course, quick.dataUpdatedAt),
    enabled: visible && quick.isSuccess && !quick.isFetching,
    placeholderData: before => (before?.course.course_key === course ? before : undefined)
  });
  const again = whole.isPlaceholderData && whole.data && quick.data;
  return {
    data: again ? withSlowOnes(quick.data, whole.data) : whole.data ?? quick.data,
    error: quick.error,
    isError: quick.isError,
    checking: quick.isFetching || whole.isFetching,
    refetch: quick.refetch
  };
}

/** Keep what the slow checks said before while they run again: else it would go and come back. */
function withSlowOnes(quick: PreflightReport, before: PreflightReport): PreflightReport {
  const said = new Map(before.findings.map(finding => [finding.check_id, finding]));
  const findings = quick.findings.map(finding => (finding.status === 'running' && said.get(finding.check_id)) || finding);
  const count = (status: Finding['status']) => findings.filter(finding => finding.status === status).length;
  return { ...quick, findings, errors: count('error'), warnings: count('warning') };
}

export function useFixes(course: string) {
  const { model } = useHubgrade();
  return useQuery({ ...model.fixes(course), enabled: useVisible() });
}

export function useStudentPage(course: string) {
  const { model } = useHubgrade();
  return useQuery({ ...model.studentPage(course), enabled: useVisible() });
}

export function useJobs(course: string | null) {
  const { model } = useHubgrade();
  const visible = useVisible();
  return useQuery({ ...model.jobs(course ?? ''), enabled: visible && course !== null });
}

export function useJob(course: string, job: Job) {
  const { model } = useHubgrade();
  return useQuery({
    ...model.job(course, job.job_id),
    enabled: useVisible(),
    refetchInterval: isActive(job) ? WHILE_ACTIVE_MS : false
  });
}

/**
 * Say whether a newer one of a course's jobs has taken up what a job has failed to do.
 *
 * What failed is asked for only where that decides; until it is there, the job counts as taken up.
 */
export function useTakenUp(job: Job, jobs: Job[]): boolean {
  const { model } = useHubgrade();
  const newer = successors(job, jobs);
  const given = job.request.students;
  const ask = job.failed > 0 && newer.length > 0 && !covers(newer, given);
  const detail = useQuery({
    ...model.job(job.course_key, job.job_id),
    enabled: useVisible() && ask,
    // what an ended job did does not change
    staleTime: Infinity
  });
  if (!ask) {
    return covers(newer, given);
  }
  const failed = detail.data?.results.filter(result => result.state === 'failed').map(result => result.item);
  return failed ? covers(newer, failed) : detail.isPending;
}

/** Return a job's log, a page at a time. */
export function useJobLog(course: string, job: Job) {
  const { model } = useHubgrade();
  return useInfiniteQuery({
    // a key of its own for each state: so the log is whole once the job has ended
    queryKey: [...model.job(course, job.job_id).queryKey, 'log', isActive(job)],
    queryFn: ({ pageParam }) => model.client.getJobLog(course, job.job_id, pageParam),
    initialPageParam: 0,
    getNextPageParam: last => (last.next_offset < last.size_bytes ? last.next_offset : undefined),
    enabled: useVisible(),
    refetchInterval: isActive(job) ? WHILE_ACTIVE_MS : false
  });
}

/** Return what tells the seconds that a job has left of its estimate; the time is renewed while one of these runs. */
export function useSecondsLeft(jobs: Job[]): (job: Job) => number | null {
  const { tracker } = useHubgrade();
  const now = useNow(jobs.some(job => job.state === 'running') ? TICK_MS : undefined);
  return job => tracker.secondsLeft(job, now);
}

/** Return the jobs of a course that still have something to do. */
export function useActiveJobs(course: string | null): Job[] {
  const jobs = useJobs(course);
  return (jobs.data?.jobs ?? []).filter(isActive);
}
