/** Which newer jobs take up what an older one has not done, so that it need not be retried. */
import type { Job } from './api/wire';

/** Return the newer jobs of the same verb and assignment that have not ended badly; `jobs` are newest first. */
export function successors(job: Job, jobs: Job[]): Job[] {
  const { verb, assignment_id, notebook, before_due_date } = job.request;
  const at = jobs.findIndex(other => other.job_id === job.job_id);
  return jobs.slice(0, Math.max(0, at)).filter(({ state, request }) =>
    state !== 'failed' &&
    state !== 'cancelled' &&
    request.verb === verb &&
    request.assignment_id === assignment_id &&
    request.notebook === notebook &&
    request.before_due_date === before_due_date
  );
}

/** Say whether jobs take up all these students; null stands for all that are left to do. */
export function covers(jobs: Job[], students: string[] | null): boolean {
  const named = new Set<string>();
  for (const { request } of jobs) {
    if (request.students === null) {
      return true;
    }
    request.students.forEach(student => named.add(student));
  }
  return students !== null && students.every(student => named.has(student));
}
