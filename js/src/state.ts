/** What the reader has chosen to look at; kept over reloads, never part of a request by itself. */
import { type ISignal, Signal } from '@lumino/signaling';
import type { Show } from './outcome';
import { SHOWS } from './outcome';

export const TABS = ['assignments', 'submissions', 'students', 'preflight', 'history', 'settings'] as const;
export type Tab = (typeof TABS)[number];

/** A place on the course page. */
export interface IPlace {
  course_key: string | null;
  tab: Tab;
  assignment_id: string | null;
  job_id: string | null;
  filter: string;
  show: Show;
}

export const START: IPlace = {
  course_key: null,
  tab: 'assignments',
  assignment_id: null,
  job_id: null,
  filter: '',
  show: 'all'
};

/** The URL parameter that names a place; also what opens the page in Notebook. */
export const PARAMETER = 'hubgrade';

/** Write a place as the value of a URL's query. */
export function placeToQuery(place: IPlace): string {
  const { course_key, assignment_id, job_id, tab, filter, show } = place;
  const path = [course_key ?? '', tab, assignment_id ?? '', job_id ?? ''];
  const query = new URLSearchParams({
    [PARAMETER]: path.map(encodeURIComponent).join('/').replace(/\/+$/, '')
  });
  if (filter) {
    query.set(`${PARAMETER}-filter`, filter);
  }
  if (show !== 'all') {
    query.set(`${PARAMETER}-show`, show);
  }
  return `?${query.toString()}`;
}

/** Read a place from a URL's query; null when the query names none. */
export function placeFromQuery(search: string): IPlace | null {
  const query = new URLSearchParams(search);
  const path = query.get(PARAMETER);
  if (path === null) {
    return null;
  }
  const parts = path.split('/').map(decode);
  // a tab alone stands for the chosen course: ?hubgrade=history
  const bare = parts.length === 1 && TABS.some(known => known === parts[0]);
  const [course_key, tab, assignment_id, job_id] = bare ? ['', parts[0]] : parts;
  return toPlace({
    course_key,
    tab,
    assignment_id,
    job_id,
    filter: query.get(`${PARAMETER}-filter`),
    show: query.get(`${PARAMETER}-show`)
  });
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Make a place of what was stored or passed to a command; what makes no sense becomes the default. */
export function toPlace(stored: Partial<Record<keyof IPlace, unknown>>): IPlace {
  const text = (value: unknown) => (typeof value === 'string' && value ? value : null);
  const tab = TABS.find(known => known === stored.tab);
  return {
    course_key: text(stored.course_key),
    tab: tab ?? START.tab,
    assignment_id: text(stored.assignment_id),
    job_id: text(stored.job_id),
    filter: text(stored.filter) ?? '',
    show: SHOWS.find(known => known === stored.show) ?? START.show
  };
}

/** The course that the panel shows, and whether an instructor looks at it as a student does. */
export interface IChoice {
  course_key: string | null;
  as_student: boolean;
}

/** Hold a choice and say when it changes. */
export class Chosen {
  get value(): IChoice {
    return this._value;
  }

  get changed(): ISignal<this, IChoice> {
    return this._changed;
  }

  set(change: Partial<IChoice>): void {
    this._value = { ...this._value, ...change };
    this._changed.emit(this._value);
  }

  private _value: IChoice = { course_key: null, as_student: false };
  private readonly _changed = new Signal<this, IChoice>(this);
}
