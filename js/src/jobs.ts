/**
 * Follow jobs until they end.
 *
 *   event ──► patch the counts ─┐
 *   poll  ──► GET jobs ─────────┼─► cache of jobs ─► observe ─► ended (signal), stale pages
 *   click ──► POST jobs ────────┘
 *
 * The list of jobs that REST gives is the truth. An event may be lost or forged: it only moves a
 * bar, or makes us ask. While a job is active the list is asked every few seconds in any case.
 */
import type { Event } from '@jupyterlab/services';
import type { QueryKey } from '@tanstack/react-query';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { isActive, type Job, type JobsPage } from './api/wire';
import { courseOfJobsKey, keys, type Model, staleAfter } from './model';

/** The schema of the events that the server sends while jobs run. */
export const JOB_EVENT = 'https://schema.hubgrade.org/job_progress/v1';

const POLL_MS = 2_500;

/** What an event says about a job. */
interface IJobEvent {
  course_key: string;
  job_id: string;
  seq: number;
  state: string;
  done: number;
  total: number;
  failed: number;
}

type Stream = ISignal<unknown, Event.Emission>;

/** Watch the lists of jobs in the model's cache. */
export class JobTracker implements IDisposable {
  constructor(
    private readonly model: Model,
    private readonly stream: Stream,
    private readonly pollMs = POLL_MS
  ) {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- a signal binds what it is given
    stream.connect(this.onEvent, this);
    this.unsubscribe = model.queries.getQueryCache().subscribe(event => {
      const course = courseOfJobsKey(event.query.queryKey as QueryKey);
      if (course && event.type === 'updated' && event.action.type === 'success') {
        this.observe(course, event.query.state.data as JobsPage | undefined);
      }
    });
  }

  /** Emitted once for each job that was seen active here and has ended. */
  get ended(): ISignal<this, Job> {
    return this._ended;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Follow a job of a course from now on. */
  watch(job: Job): void {
    if (isActive(job)) {
      this.active.set(job.job_id, job.course_key);
      this.schedule(job.course_key);
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this.unsubscribe();
    // eslint-disable-next-line @typescript-eslint/unbound-method -- a signal binds what it is given
    this.stream.disconnect(this.onEvent, this);
    this.timers.forEach(timer => clearTimeout(timer));
    this.timers.clear();
    Signal.clearData(this);
  }

  private observe(course: string, page: JobsPage | undefined): void {
    for (const job of page?.jobs ?? []) {
      if (isActive(job)) {
        this.active.set(job.job_id, course);
      } else if (this.active.delete(job.job_id)) {
        void this.model.stale(staleAfter(job));
        this._ended.emit(job);
      }
    }
    this.schedule(course);
  }

  private schedule(course: string): void {
    if (this.timers.has(course) || ![...this.active.values()].includes(course)) {
      return;
    }
    const timer = setTimeout(() => {
      this.timers.delete(course);
      void this.ask(course).then(() => this.schedule(course));
    }, this.pollMs);
    this.timers.set(course, timer);
  }

  private async ask(course: string): Promise<void> {
    if (this._isDisposed) {
      return;
    }
    await this.model.queries.prefetchQuery({ ...this.model.jobs(course), staleTime: 0 });
  }

  private onEvent(_: unknown, emission: Event.Emission): void {
    if (emission.schema_id !== JOB_EVENT) {
      return;
    }
    const event = emission as unknown as IJobEvent;
    const page = this.model.queries.getQueryData<JobsPage>(keys.jobs(event.course_key));
    const known = page?.jobs.find(job => job.job_id === event.job_id);
    if (!page && !this.active.has(event.job_id)) {
      return; // a course that nobody looks at
    }
    if (!known || event.state !== known.state) {
      void this.ask(event.course_key);
    } else if (event.seq > known.seq && isActive(known)) {
      const { seq, done, total, failed } = event;
      this.model.noteJob(event.course_key, { ...known, seq, done, total, failed });
    }
  }

  private readonly active = new Map<string, string>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly unsubscribe: () => void;
  private readonly _ended = new Signal<this, Job>(this);
  private _isDisposed = false;
}
