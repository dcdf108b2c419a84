import { describe, expect, it } from 'vitest';
import { type Job, type JobRequest, jobRequest } from '../api/wire';
import { covers, successors } from '../retries';
import { job } from './samples';

function one(job_id: string, request: Partial<JobRequest> = {}, change: Partial<Job> = {}): Job {
  return job({ job_id, state: 'done', request: jobRequest({ verb: 'autograde', assignment_id: 'ps1', ...request }), ...change });
}

describe('a job is taken up', () => {
  const old = one('old');
  const ids = (...newer: Job[]) => successors(old, [...newer, old, one('older')]).map(found => found.job_id);
  it('by newer ones of its verb and assignment that go well', () => {
    expect(ids(one('a'), one('b', {}, { state: 'running' }), one('c', {}, { state: 'queued' }))).toEqual(['a', 'b', 'c']);
    expect(ids(one('a', { verb: 'collect' }), one('b', { assignment_id: 'ps2' }), one('c', { notebook: 'p*' }))).toEqual([]);
    expect(ids(one('a', {}, { state: 'cancelled' }), one('b', {}, { state: 'failed' }))).toEqual([]);
    expect(successors(old, [])).toEqual([]);
  });
  it('when these name all its students, or all that are left', () => {
    const named = [one('a', { students: ['ada'] }), one('b', { students: ['bob', 'cid'] })];
    expect(covers(named, ['ada', 'cid'])).toBe(true);
    expect(covers(named, ['ada', 'dan'])).toBe(false);
    expect(covers(named, null)).toBe(false);
    expect(covers([...named, one('c')], null)).toBe(true);
    expect(covers([], null)).toBe(false);
  });
});
