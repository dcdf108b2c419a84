import { describe, expect, it } from 'vitest';
import type { JobsPage, Verb } from '../api/wire';
import { jobRequest } from '../api/wire';
import { courseOfJobsKey, keys, staleAfter } from '../model';
import { FakeServer, makeHubgrade } from './fakes';
import { course, job } from './samples';

const A = keys.assignments('c1');
const S = keys.submissions('c1', 'ps1');
const P = keys.studentPage('c1');
const R = keys.students('c1');

describe('what an ended job makes stale', () => {
  it.each<[Verb, (readonly string[])[]]>([
    ['generate_assignment', [R, A, S]],
    ['release_assignment', [P, A, S]],
    ['unrelease', [P, A, S]],
    ['collect', [A, S]],
    ['autograde', [R, A, S]],
    ['generate_feedback', [A, S]],
    ['release_feedback', [P, A, S]],
    ['fetch_assignment', [P]],
    ['submit', [P, A, S]],
    ['fetch_feedback', [P]]
  ])('%s', (verb, expected) => {
    const ended = job({ request: jobRequest({ verb, assignment_id: 'ps1' }) });
    expect(staleAfter(ended)).toEqual([keys.job('c1', 'j1'), ...expected]);
  });
  it('touches no other course', () => {
    const other = job({ course_key: 'c2' });
    expect(staleAfter(other).every(key => key.includes('c2'))).toBe(true);
  });
});

describe('the list of jobs', () => {
  const page = (...jobs: JobsPage['jobs']): JobsPage => ({ course: course(), jobs });
  const read = (queries: ReturnType<typeof makeHubgrade>['model']['queries']) =>
    queries.getQueryData<JobsPage>(keys.jobs('c1'))?.jobs;

  it('has a new job before the server is asked again', async () => {
    const server = new FakeServer();
    server.on['POST /jobs'] = job({ state: 'queued' });
    const { model, tracker } = makeHubgrade(server);
    model.queries.setQueryData(keys.jobs('c1'), page(job({ job_id: 'old', state: 'done' })));
    await model.createJob('c1', { verb: 'autograde', assignment_id: 'ps1' });
    expect(read(model.queries)?.map(one => one.job_id)).toEqual(['j1', 'old']);
    tracker.dispose();
  });
  it('never goes back to an earlier state', () => {
    const { model, tracker } = makeHubgrade();
    model.queries.setQueryData(keys.jobs('c1'), page(job({ seq: 5, done: 5 })));
    model.noteJob('c1', job({ seq: 4, done: 4 }));
    expect(read(model.queries)?.[0].done).toBe(5);
    model.noteJob('c1', job({ seq: 6, state: 'done' }));
    model.noteJob('c1', job({ seq: 7, state: 'running' }));
    expect(read(model.queries)?.[0].state).toBe('done');
    tracker.dispose();
  });
  it('is known by its key', () => {
    expect(courseOfJobsKey(keys.jobs('c1'))).toBe('c1');
    expect(courseOfJobsKey(keys.job('c1', 'jobs'))).toBeNull();
    expect(courseOfJobsKey(keys.session)).toBeNull();
  });
});
