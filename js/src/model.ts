/** Server state: the query keys, what fetches them, what changes them, and what a job makes stale. */
import { type InvalidateOptions, QueryClient, queryOptions, type QueryKey } from '@tanstack/react-query';
import type { Client } from './api/client';
import { Failure } from './api/errors';
import { isActive, type Job, type JobsPage, type JobWish } from './api/wire';

/** How long a page counts as fresh when nothing said that it changed. */
const FRESH_MS = 15_000;
/** How often a visible page looks for what no job announces, such as new submissions. */
const LOOK_AGAIN_MS = 60_000;

const ROOT = 'hubgrade';

export const keys = {
  session: [ROOT, 'session'] as const,
  course: (course: string) => [ROOT, 'course', course] as const,
  assignments: (course: string) => [ROOT, 'course', course, 'assignments'] as const,
  submissions: (course: string, assignment: string) =>
    [ROOT, 'course', course, 'submissions', assignment] as const,
  students: (course: string) => [ROOT, 'course', course, 'students'] as const,
  config: (course: string) => [ROOT, 'course', course, 'config'] as const,
  preflight: (course: string) => [ROOT, 'course', course, 'preflight'] as const,
  fixes: (course: string) => [ROOT, 'course', course, 'fixes'] as const,
  studentPage: (course: string) => [ROOT, 'course', course, 'student'] as const,
  jobs: (course: string) => [ROOT, 'course', course, 'jobs'] as const,
  job: (course: string, job: string) => [ROOT, 'course', course, 'job', job] as const
};

/** Name the course whose list of jobs a key stands for, or null. */
export function courseOfJobsKey(key: QueryKey): string | null {
  return key[0] === ROOT && key[1] === 'course' && key[3] === 'jobs' ? String(key[2]) : null;
}

/** Say which pages an ended job has made stale. */
export function staleAfter(job: Job): QueryKey[] {
  const course = job.course_key;
  const { verb, assignment_id } = job.request;
  const stale: QueryKey[] = [keys.job(course, job.job_id)];
  switch (verb) {
    case 'fetch_assignment':
    case 'fetch_feedback':
      return [...stale, keys.studentPage(course)];
    case 'submit':
    case 'release_assignment':
    case 'unrelease':
    case 'release_feedback':
      stale.push(keys.studentPage(course));
      break;
    case 'autograde':
    case 'generate_assignment':
      stale.push(keys.students(course));
      break;
  }
  return [...stale, keys.assignments(course), keys.submissions(course, assignment_id)];
}

/** Say which pages show how far a running job has come. */
export function staleDuring({ course_key, request }: Job): QueryKey[] {
  return [keys.assignments(course_key), keys.submissions(course_key, request.assignment_id)];
}

/** Make the client that holds server state; a failure is asked again once when that may help. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        retry: (count, error) => count < 1 && error instanceof Failure && error.transient,
        networkMode: 'always'
      }
    }
  });
}

/** Read and change what the server knows. */
export class Model {
  constructor(
    readonly client: Client,
    readonly queries: QueryClient = makeQueryClient()
  ) {}

  session = () =>
    queryOptions({ queryKey: keys.session, queryFn: () => this.client.getSession() });

  assignments = (course: string) =>
    queryOptions({
      queryKey: keys.assignments(course),
      queryFn: () => this.client.listAssignments(course),
      refetchInterval: LOOK_AGAIN_MS
    });

  submissions = (course: string, assignment: string) =>
    queryOptions({
      queryKey: keys.submissions(course, assignment),
      queryFn: () => this.client.listSubmissions(course, assignment),
      refetchInterval: LOOK_AGAIN_MS
    });

  students = (course: string) =>
    queryOptions({
      queryKey: keys.students(course),
      queryFn: () => this.client.listStudents(course)
    });

  config = (course: string) =>
    queryOptions({ queryKey: keys.config(course), queryFn: () => this.client.getConfig(course) });

  preflight = (course: string) =>
    queryOptions({
      queryKey: keys.preflight(course),
      queryFn: () => this.client.getPreflight(course, false),
      // checks run again when asked to, or after five minutes
      staleTime: 5 * 60_000
    });

  /** The whole report with the slow checks, after the one of the time `quickAt`. */
  wholePreflight = (course: string, quickAt: number) =>
    queryOptions({
      queryKey: [...keys.preflight(course), 'whole', quickAt],
      queryFn: () => this.client.getPreflight(course, true),
      staleTime: Infinity
    });

  fixes = (course: string) =>
    queryOptions({ queryKey: keys.fixes(course), queryFn: () => this.client.listFixes(course) });

  studentPage = (course: string) =>
    queryOptions({
      queryKey: keys.studentPage(course),
      queryFn: () => this.client.getStudentPage(course),
      refetchInterval: LOOK_AGAIN_MS
    });

  jobs = (course: string) =>
    queryOptions({ queryKey: keys.jobs(course), queryFn: () => this.client.listJobs(course) });

  job = (course: string, job: string) =>
    queryOptions({
      queryKey: keys.job(course, job),
      queryFn: () => this.client.getJob(course, job)
    });

  /** Start a job; it is in the list of jobs before this returns. */
  async createJob(course: string, wish: JobWish): Promise<Job> {
    return this.noteJob(course, await this.client.createJob(course, wish));
  }

  async cancelJob(course: string, job: string): Promise<Job> {
    return this.noteJob(course, await this.client.cancelJob(course, job));
  }

  async retryJob(course: string, job: string): Promise<Job> {
    return this.noteJob(course, await this.client.retryJob(course, job));
  }

  async openCourse(root: string) {
    const course = await this.client.openCourse(root);
    await this.stale([keys.session]);
    return course;
  }

  async createCourse(root: string, courseId: string) {
    const course = await this.client.createCourse(root, courseId);
    await this.stale([keys.session]);
    return course;
  }

  async forgetCourse(course: string): Promise<void> {
    await this.client.forgetCourse(course);
    this.queries.removeQueries({ queryKey: keys.course(course) });
    await this.stale([keys.session]);
  }

  async createAssignment(course: string, assignment: string) {
    const row = await this.client.createAssignment(course, assignment);
    await this.stale([keys.assignments(course)]);
    return row;
  }

  async editAssignment(course: string, assignment: string, due: string | null) {
    try {
      return await this.client.editAssignment(course, assignment, due);
    } finally {
      // also after a failure: the date may be set, and only not be published
      await this.stale([
        keys.assignments(course),
        keys.submissions(course, assignment),
        keys.studentPage(course)
      ]);
    }
  }

  async applyFix(course: string, fix: string, digest: string) {
    return this.fixed(course, this.client.applyFix(course, fix, digest));
  }

  async undoFix(course: string, record: string) {
    return this.fixed(course, this.client.undoFix(course, record));
  }

  /** Ask again for all that is shown, of one course or of all. */
  async refresh(course?: string): Promise<void> {
    await this.stale(course ? [keys.session, keys.course(course)] : [[ROOT]]);
  }

  /** Put a job that the server just told us about into its course's list. */
  noteJob(course: string, job: Job): Job {
    this.queries.setQueryData<JobsPage>(keys.jobs(course), page => {
      if (!page) {
        return page;
      }
      const others = page.jobs.filter(other => other.job_id !== job.job_id);
      const known = page.jobs.find(other => other.job_id === job.job_id);
      if (known && (known.seq > job.seq || (!isActive(known) && isActive(job)))) {
        return page;
      }
      const jobs = known
        ? page.jobs.map(other => (other === known ? job : other))
        : [job, ...others];
      return { ...page, jobs };
    });
    return job;
  }

  /** A fix may change anything of a course. */
  private async fixed<T>(course: string, change: Promise<T>): Promise<T> {
    try {
      return await change;
    } finally {
      await this.stale([keys.course(course)]);
    }
  }

  /** Mark pages stale; those that are shown are asked again. */
  async stale(stale: QueryKey[], options?: InvalidateOptions): Promise<void> {
    await Promise.all(stale.map(queryKey => this.queries.invalidateQueries({ queryKey }, options)));
  }
}
