/** What is to be said about one student's submission: a word, a sentence, and how urgent it is. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { SubmissionRow } from './api/wire';
import { verbName } from './words';

/** How a chip looks; each tone has a shape of its own beside its colour. */
export type Tone = 'error' | 'warning' | 'info' | 'ok' | 'none';

/** What to show of the submissions: one kind of outcome, those that were late, or all. */
export type Kind = 'failed' | 'waiting' | 'manual' | 'ungraded' | 'graded' | 'missing';
export type Show = Kind | 'late' | 'all';

export const SHOWS: Show[] = ['all', 'failed', 'waiting', 'ungraded', 'manual', 'graded', 'late', 'missing'];

export interface IOutcome {
  kind: Kind;
  tone: Tone;
  word: string;
  sentence: string;
}

/** Order of urgency: failures first. */
const RANK: Record<Kind, number> = {
  failed: 0, waiting: 1, ungraded: 2, manual: 3, graded: 4, missing: 5
};

/** Rank an outcome for sorting: the smaller, the more it needs a person. */
export function urgency(row: SubmissionRow): number {
  return RANK[kindOf(row)];
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

/** Say what became of a submission. */
export function outcomeOf(row: SubmissionRow, trans: TranslationBundle): IOutcome {
  const kind = kindOf(row);
  const told = row.outcome;
  switch (kind) {
    case 'failed':
      return {
        kind,
        tone: 'error',
        word: told ? trans.__('%1 failed', verbName(told.verb, trans)) : trans.__('Failed'),
        sentence: [told?.message, told?.remedy].filter(Boolean).join(' ')
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
      return {
        kind,
        tone: 'info',
        word: trans.__('To autograde'),
        sentence: row.autograded === 'outdated' ? trans.__('Collected again since it was graded.') : ''
      };
    case 'manual':
      return { kind, tone: 'info', word: trans.__('Grade by hand'), sentence: '' };
    case 'graded':
      return { kind, tone: 'ok', word: trans.__('Graded'), sentence: '' };
  }
}

/** Label a choice of what to show. */
export function showName(show: Show, trans: TranslationBundle): string {
  const names: Record<Show, string> = {
    all: trans.__('All'),
    failed: trans.__('Failed'),
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
  return show === 'all' || (show === 'late' ? row.late_s > 0 : kindOf(row) === show);
}

/** Write a student's name, or the id when the roster has none. */
export function studentName(row: { student_id: string; first_name: string; last_name: string }): string {
  const name = [row.last_name, row.first_name].filter(Boolean).join(', ');
  return name || row.student_id;
}
