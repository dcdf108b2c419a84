/** What is to be said about one student's submission: a word, a sentence, and how urgent it is. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Outcome, SubmissionRow } from './api/wire';
import { verbName } from './words';

/** How a chip looks; each tone has a shape of its own beside its colour. */
export type Tone = 'error' | 'warning' | 'info' | 'ok' | 'none';

/** What to show of the submissions: one kind of outcome, those that were late, or all. */
export type Kind = 'failed' | 'waiting' | 'manual' | 'ungraded' | 'graded' | 'missing';
export type Show = Kind | 'remarked' | 'late' | 'all';

export const SHOWS: Show[] = [
  'all', 'failed', 'remarked', 'waiting', 'ungraded', 'manual', 'graded', 'late', 'missing'
];

export interface IOutcome {
  kind: Kind;
  tone: Tone;
  word: string;
  sentence: string;
  /** What the line under the word says: the sentence without what the row says elsewhere. */
  brief: string;
  /** Said beside the word: that nothing walled the code in; empty when something did, or none was run. */
  mark: string;
}

/** Order of urgency: failures first, then what was graded with a remark. */
const RANK: Record<Kind, number> = {
  failed: 0, waiting: 2, ungraded: 3, manual: 4, graded: 5, missing: 6
};
const REMARKED = 1;

/** Rank an outcome for sorting: the smaller, the more it needs a person. */
export function urgency(row: SubmissionRow): number {
  return remarkOf(row) ? REMARKED : RANK[kindOf(row)];
}

/** Say which kind of outcome a submission has. */
export function kindOf(row: SubmissionRow): Kind {
  if (row.outcome?.state === 'failed') {
    return 'failed';
  }
  if (row.waiting) {
    return 'waiting';
  }
  if (row.collected_attempt === null && row.score === null) {
    return 'missing';
  }
  if (row.autograded !== 'current') {
    return 'ungraded';
  }
  return row.needs_manual_grade ? 'manual' : 'graded';
}

/** Return the outcome of the grading in force, when there is something to know about it; else null. */
export function remarkOf(row: SubmissionRow): Outcome | null {
  const kind = kindOf(row);
  const told = row.grading;
  const silent = told === null || told.state !== 'done' || told.code === 'graded' || told.code === 'done';
  return silent || (kind !== 'manual' && kind !== 'graded') ? null : told;
}

/** Return the outcome whose details are worth showing; null when there is nothing to tell. */
export function toldOf(row: SubmissionRow): Outcome | null {
  return row.outcome?.state === 'failed' ? row.outcome : row.grading;
}

/** Say whether the submission has something that can be put right by one click. */
export function canRepair(row: SubmissionRow): boolean {
  const told = toldOf(row);
  const codes = told ? [told.code, ...told.notebooks.map(one => one.code)] : [];
  return codes.some(code => code === 'notebook_renamed' || code === 'cells_deleted');
}

/** Name an outcome of grading in a word or two. */
export function outcomeWord(code: string, trans: TranslationBundle): string {
  const names: Record<string, string> = {
    graded: trans.__('Graded'),
    cell_timed_out: trans.__('Cell timed out'),
    submission_timed_out: trans.__('Timed out'),
    out_of_memory: trans.__('Out of memory'),
    kernel_died: trans.__('Kernel died'),
    too_large: trans.__('Too large'),
    tests_disabled: trans.__('Tests disabled'),
    hidden_tests_shown: trans.__('Hidden tests shown'),
    notebook_missing: trans.__('Notebook missing'),
    notebook_renamed: trans.__('Notebook renamed'),
    notebook_duplicated: trans.__('Second copy'),
    notebook_unreadable: trans.__('Unreadable'),
    cells_deleted: trans.__('Cells deleted'),
    cells_duplicated: trans.__('Cells duplicated'),
    cells_tampered: trans.__('Cells tampered with'),
    points_impossible: trans.__('Impossible points'),
    locked_cells_changed: trans.__('Locked cells changed'),
    kernel_missing: trans.__('Kernel missing'),
    worker_lost: trans.__('Worker lost'),
    gradebook_unreachable: trans.__('Gradebook away'),
    cancelled: trans.__('Cancelled'),
    internal_error: trans.__('Internal error')
  };
  return names[code] ?? trans.__('Not graded');
}

/** How grave an outcome of grading is. */
export function outcomeTone(code: string): Tone {
  if (code === 'graded') {
    return 'ok';
  }
  return code === 'tests_disabled' ? 'error' : code === 'notebook_duplicated' ? 'info' : 'warning';
}

/** Say what walled student code in when it was graded; empty when none was run. */
export function isolationSentence(isolation: Outcome['isolation'], trans: TranslationBundle): string {
  switch (isolation) {
    case 'namespaces':
      return trans.__('Its code ran walled in by Linux namespaces.');
    case 'bubblewrap':
      return trans.__('Its code ran walled in by bubblewrap.');
    case 'none':
      return trans.__('Nothing walled its code in: it could read what the grader can.');
    default:
      return '';
  }
}

/** Say what became of a submission. */
export function outcomeOf(row: SubmissionRow, trans: TranslationBundle): IOutcome {
  const kind = kindOf(row);
  const remark = remarkOf(row);
  const told = remark ?? (kind === 'failed' ? row.outcome : null);
  const bare = isBare(row);
  const said = remark
    ? { kind, tone: outcomeTone(remark.code), word: outcomeWord(remark.code, trans), sentence: inFull(remark) }
    : plainly(row, kind, trans);
  return {
    ...said,
    sentence: [bare ? trans.__('Graded without isolation.') : '', said.sentence].filter(Boolean).join(' '),
    brief: told ? inFull({ ...told, message: withoutName(told) }) : said.sentence,
    mark: bare ? trans.__('No isolation') : ''
  };
}

function inFull({ message, remedy }: Pick<Outcome, 'message' | 'remedy'>): string {
  return [message, remedy].filter(Boolean).join(' ');
}

/** Leave out the notebook's name before the message when all that is told is of that notebook. */
function withoutName({ message, notebooks }: Outcome): string {
  const names = new Set(notebooks.filter(one => one.message).map(one => `${one.notebook}: `));
  const [name] = names;
  return names.size === 1 && message.startsWith(name) ? message.slice(name.length) : message;
}

/** Say what became of a submission without a remark. */
function plainly(row: SubmissionRow, kind: Kind, trans: TranslationBundle): Omit<IOutcome, 'brief' | 'mark'> {
  const told = row.outcome;
  switch (kind) {
    case 'failed':
      return {
        kind,
        tone: 'error',
        word: told ? trans.__('%1 failed', verbName(told.verb, trans)) : trans.__('Failed'),
        sentence: told ? inFull(told) : ''
      };
    case 'waiting':
      return {
        kind,
        tone: 'warning',
        word: row.collected_attempt ? trans.__('Newer attempt') : trans.__('To collect'),
        sentence: row.collected_attempt
          ? trans.__('A newer attempt than the collected one waits.')
          : trans.__('Submitted, not collected yet.')
      };
    case 'missing':
      return { kind, tone: 'none', word: trans.__('Not submitted'), sentence: '' };
    case 'ungraded':
      return { kind, tone: 'info', ...ungraded(row, trans) };
    case 'manual':
      return { kind, tone: 'info', word: trans.__('Grade by hand'), sentence: '' };
    case 'graded':
      return { kind, tone: 'ok', word: trans.__('Graded'), sentence: '' };
  }
}

function ungraded(row: SubmissionRow, trans: TranslationBundle): Pick<IOutcome, 'word' | 'sentence'> {
  if (row.autograded === 'outdated') {
    return { word: trans.__('To autograde'), sentence: trans.__('Collected again since it was graded.') };
  }
  if (row.grading?.code === 'cancelled') {
    return { word: outcomeWord('cancelled', trans), sentence: inFull(row.grading) };
  }
  return { word: trans.__('To autograde'), sentence: '' };
}

/** Whether the submission has a grade, and nothing walled its code in. */
function isBare(row: SubmissionRow): boolean {
  const kind = kindOf(row);
  return (kind === 'manual' || kind === 'graded') && row.grading?.isolation === 'none';
}

/** Label a choice of what to show. */
export function showName(show: Show, trans: TranslationBundle): string {
  const names: Record<Show, string> = {
    all: trans.__('All'),
    failed: trans.__('Failed'),
    remarked: trans.__('Look at'),
    waiting: trans.__('To collect'),
    ungraded: trans.__('To autograde'),
    manual: trans.__('Grade by hand'),
    graded: trans.__('Graded'),
    late: trans.__('Late'),
    missing: trans.__('Not submitted')
  };
  return names[show];
}

/** Keep the submissions of one choice whose student or outcome has the text in it. */
export function filterSubmissions(
  rows: SubmissionRow[],
  show: Show,
  text: string,
  trans: TranslationBundle
): SubmissionRow[] {
  const wanted = text.trim().toLocaleLowerCase();
  return rows.filter(row => {
    if (!shows(row, show)) {
      return false;
    }
    if (!wanted) {
      return true;
    }
    const { word, sentence } = outcomeOf(row, trans);
    return [row.student_id, row.first_name, row.last_name, `${row.first_name} ${row.last_name}`, word, sentence]
      .some(value => value.toLocaleLowerCase().includes(wanted));
  });
}

/** Count the submissions of each choice. */
export function countShows(rows: SubmissionRow[]): Record<Show, number> {
  const counts = Object.fromEntries(SHOWS.map(show => [show, 0])) as Record<Show, number>;
  for (const row of rows) {
    SHOWS.filter(show => shows(row, show)).forEach(show => (counts[show] += 1));
  }
  return counts;
}

function shows(row: SubmissionRow, show: Show): boolean {
  switch (show) {
    case 'all':
      return true;
    case 'late':
      return row.late_s > 0;
    case 'remarked':
      return remarkOf(row) !== null;
    case 'waiting':
      // also one that failed: collecting takes it too
      return row.waiting;
    default:
      return kindOf(row) === show;
  }
}

/** Write a student's name, or the id when the roster has none. */
export function studentName(row: { student_id: string; first_name: string; last_name: string }): string {
  const name = [row.last_name, row.first_name].filter(Boolean).join(', ');
  return name || row.student_id;
}
