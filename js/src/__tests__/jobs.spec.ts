import type { Event } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Job, JobsPage } from '../api/wire';
import { Client } from '../api/client';
import { JOB_EVENT, JobTracker } from '../jobs';
import { keys, Model } from '../model';
import { FakeServer } from './fakes';
import { course, job, trans } from './samples';

describe('JobTracker', () => {
  let server: FakeServer;
  let model: Model;
  let stream: Signal<object, Event.Emission>;
  let tracker: JobTracker;
  let jobs: Job[];
  let ended: Job[];

  const event = (change: Partial<Job>) => {
    const { course_key, job_id, seq, state, done, total, failed } = job(change);
    stream.emit({ schema_id: JOB_EVENT, course_key, job_id, seq, state, done, total, failed });
  };
  const shown = () => model.queries.getQueryData<JobsPage>(keys.jobs('c1'))?.jobs[0];
  const look = () => model.queries.fetchQuery({ ...model.jobs('c1'), staleTime: 0 });

  beforeEach(() => {
    vi.useFakeTimers();
    server = new FakeServer();
    jobs = [job()];
    server.on['GET /jobs'] = () => ({ course: course(), jobs });
    model = new Model(new Client(trans, server.settings));
    stream = new Signal<object, Event.Emission>({});
    tracker = new JobTracker(model, stream, 2000);
    ended = [];
    tracker.ended.connect((_, one) => void ended.push(one));
  });
  afterEach(() => tracker.dispose());

  it('polls while a job is active, and no longer', async () => {
    await look();
    await vi.advanceTimersByTimeAsync(4100);
    expect(server.calls.length).toBe(3);
    jobs = [job({ state: 'done', seq: 9 })];
    await vi.advanceTimersByTimeAsync(2000);
    const asked = server.calls.length;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(server.calls.length).toBe(asked);
    expect(ended.map(one => one.state)).toEqual(['done']);
  });
  it('goes on polling when the server is away for a while', async () => {
    await look();
    server.on['GET /jobs'] = () => new Response('down', { status: 502 });
    await vi.advanceTimersByTimeAsync(4100);
    server.on['GET /jobs'] = () => ({ course: course(), jobs: [job({ state: 'failed', seq: 9 })] });
    await vi.advanceTimersByTimeAsync(4100);
    expect(ended.map(one => one.state)).toEqual(['failed']);
  });
  it('moves the counts by an event, without asking', async () => {
    await look();
    event({ seq: 2, done: 4 });
    expect(shown()?.done).toBe(4);
    event({ seq: 1, done: 1 });
    expect(shown()?.done).toBe(4);
    expect(server.calls.length).toBe(1);
  });
  it('does not believe an event that says the job has ended', async () => {
    await look();
    event({ seq: 99, state: 'done', done: 10 });
    await vi.advanceTimersByTimeAsync(0);
    expect(ended).toEqual([]);
    expect(shown()?.state).toBe('running');
    expect(server.calls.length).toBe(2);
  });
  it('makes pages stale and says so once when a job ends', async () => {
    model.queries.setQueryData(keys.submissions('c1', 'ps1'), { old: true });
    await look();
    jobs = [job({ state: 'done', seq: 3, done: 10 })];
    event({ seq: 3, state: 'done' });
    await vi.advanceTimersByTimeAsync(0);
    event({ seq: 3, state: 'done' });
    await vi.advanceTimersByTimeAsync(5000);
    expect(ended).toHaveLength(1);
    expect(model.queries.getQueryState(keys.submissions('c1', 'ps1'))?.isInvalidated).toBe(true);
  });
  it('makes the pages of a running job stale as it gets further, and not too often', async () => {
    const stale = (key: readonly unknown[]) => model.queries.getQueryState(key)?.isInvalidated;
    const pages = [keys.assignments('c1'), keys.submissions('c1', 'ps1'), keys.submissions('c1', 'ps2')];
    const fresh = () => pages.forEach(page => model.queries.setQueryData(page, { old: true }));
    fresh();
    jobs = [job({ done: 2 })];
    await look();
    event({ seq: 2, done: 3 });
    expect(pages.map(stale)).toEqual([false, false, false]);
    jobs = [job({ done: 4, seq: 3 })];
    await vi.advanceTimersByTimeAsync(6000);
    expect(pages.map(stale)).toEqual([true, true, false]);
    fresh();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(pages.map(stale)).toEqual([false, false, false]);
  });
  it('counts an estimate down, and does not renew it', async () => {
    const left = () => tracker.secondsLeft(jobs[0], Date.now());
    expect(left()).toBeNull();
    jobs = [job({ eta_s: 8 })];
    await look();
    expect(left()).toBe(8);
    await vi.advanceTimersByTimeAsync(6000);
    expect(left()).toBe(2);
    event({ seq: 2, done: 1 });
    await vi.advanceTimersByTimeAsync(6000);
    expect(left()).toBeLessThanOrEqual(0);
    jobs = [job({ seq: 3, done: 2, eta_s: 20 })];
    await look();
    expect(left()).toBe(20);
    jobs = [job({ seq: 4, done: 9, eta_s: 3 })];
    await look();
    expect(left()).toBe(0);
  });
  it('forgets what was under way when more is done', async () => {
    jobs = [job({ done: 1, current: 'ada' })];
    await look();
    event({ seq: 2, done: 1 });
    expect(shown()?.current).toBe('ada');
    event({ seq: 3, done: 2 });
    expect(shown()?.current).toBe('');
  });
  it('says nothing about jobs that had ended before', async () => {
    jobs = [job({ state: 'done' })];
    await look();
    expect(ended).toEqual([]);
  });
  it('finds a job that somebody else has started', async () => {
    jobs = [];
    await look();
    jobs = [job({ job_id: 'theirs' })];
    event({ job_id: 'theirs' });
    await vi.advanceTimersByTimeAsync(0);
    expect(shown()?.job_id).toBe('theirs');
  });
  it('leaves other events and courses alone', async () => {
    await look();
    stream.emit({ schema_id: 'https://events.jupyter.org/other', job_id: 'j1' });
    event({ course_key: 'elsewhere', job_id: 'x' });
    await vi.advanceTimersByTimeAsync(100);
    expect(server.calls.length).toBe(1);
  });
  it('follows a job whose list nobody has read', async () => {
    tracker.watch(job());
    jobs = [job({ state: 'done', seq: 2 })];
    await vi.advanceTimersByTimeAsync(2100);
    expect(ended).toHaveLength(1);
  });
  it('stops when disposed', async () => {
    await look();
    tracker.dispose();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(server.calls.length).toBe(1);
    expect(tracker.isDisposed).toBe(true);
  });
  it('does not fetch for a view that is hidden', async () => {
    jobs = [];
    const observer = new QueryObserver(model.queries, { ...model.jobs('c1'), enabled: false });
    const stop = observer.subscribe(() => undefined);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(server.calls).toEqual([]);
    stop();
  });
});
