/**
 * Follow jobs until they end.
 *
 *   event ──► patch the counts ─┐                             ┌─► further: stale pages, not too often
 *   poll  ──► GET jobs ─────────┼─► cache of jobs ─► observe ─┤
 *   click ──► POST jobs ────────┘                             └─► ended (signal), stale pages
 *
 * The list of jobs that REST gives is the truth. An event may be lost or forged: it only moves a
 * bar, or makes us ask. While a job is active the list is asked every few seconds in any case.
 */
import type { Event } from '@jupyterlab/services';
import type { QueryKey } from '@tanstack/react-query';
import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';
import { isActive, type Job, type JobsPage } from './api/wire';
import { courseOfJobsKey, keys, type Model, staleAfter, staleDuring } from './model';

/** The schema of the events that the server sends while jobs run. */
export const JOB_EVENT = 'https://schema.hubgrade.org/job_progress/v1';

const POLL_MS = 2_500;
/** How often, at most, the pages that a running job changes are asked for. */
const FOLLOW_MS = 5_000;
/** An estimate below this many seconds is a short one. */
const SHORT_S = 10;

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

/** What was seen of a job that runs. */
interface ISeen {
  /** The newest estimate, and when it came, in ms. */
  eta_s: number | null;
  at: number;
  /** Whether an estimate has run out before. */
  late: boolean;
  /** How much was done when its pages were last asked for, and when that was. */
  followed: number;
  followedAt: number;
}

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

  /**
   * Return how many seconds of a running job's newest estimate are left, 0 or less when it has run out; null
   * without one. Once one has run out, a short one is not believed either: what is left takes long.
   */
  secondsLeft({ job_id, eta_s }: Job, now: number): number | null {
    const seen = this.seen.get(job_id);
    if (eta_s === null || !seen) {
      return eta_s;
    }
    return seen.late && eta_s < SHORT_S ? 0 : eta_s - (now - seen.at) / 1000;
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
        this.look(job);
      } else if (this.active.delete(job.job_id)) {
        this.seen.delete(job.job_id);
        void this.model.stale(staleAfter(job));
        this._ended.emit(job);
      }
    }
    this.schedule(course);
  }

  /** Note a job's estimate, and ask again for the pages that it changes when it got further. */
  private look(job: Job): void {
    const now = Date.now();
    const seen = this.seen.get(job.job_id) ?? { eta_s: null, at: now, late: false, followed: job.done, followedAt: now };
    const further = job.done > seen.followed && now - seen.followedAt >= FOLLOW_MS;
    this.seen.set(job.job_id, {
      eta_s: job.eta_s,
      at: job.eta_s === seen.eta_s ? seen.at : now,
      late: seen.late || (seen.eta_s !== null && now - seen.at >= 1000 * seen.eta_s),
      followed: further ? job.done : seen.followed,
      followedAt: further ? now : seen.followedAt
    });
    if (further) {
      // an answer that takes long is waited for
      void this.model.stale(staleDuring(job), { cancelRefetch: false });
    }
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
      // what was under way may be what is done now
      const current = done > known.done ? '' : known.current;
      this.model.noteJob(event.course_key, { ...known, seq, done, total, failed, current });
    }
  }

  private readonly active = new Map<string, string>();
  private readonly seen = new Map<string, ISeen>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly unsubscribe: () => void;
  private readonly _ended = new Signal<this, Job>(this);
  private _isDisposed = false;
}
