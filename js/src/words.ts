/** The words for verbs, next steps and results: nbgrader's nouns, a verb on every button. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { duration, exactTime, shortTime, timeLeft } from './dates';
import type { AssignmentRow, Job, NextStep, Plan, StudentAssignment, Verb } from './api/wire';

/** Name a verb as history and menus do. */
export function verbName(verb: Verb, trans: TranslationBundle): string {
  const names: Record<Verb, string> = {
    generate_assignment: trans.__('Generate'),
    check_assignment: trans.__('Check'),
    release_assignment: trans.__('Release'),
    unrelease: trans.__('Unrelease'),
    collect: trans.__('Collect'),
    autograde: trans.__('Autograde'),
    repair: trans.__('Repair'),
    undo_repair: trans.__('Undo repair'),
    generate_feedback: trans.__('Generate feedback'),
    release_feedback: trans.__('Release feedback'),
    fetch_assignment: trans.__('Fetch'),
    submit: trans.__('Submit'),
    fetch_feedback: trans.__('Fetch feedback')
  };
  return names[verb];
}

/** Label the button of the next step, `again` when it was done before; null when nothing is to be clicked. */
export function nextStepLabel(next: NextStep, trans: TranslationBundle, again = false): string | null {
  switch (next.step) {
    case 'generate_assignment':
      return again ? trans.__('Generate again') : trans.__('Generate');
    case 'release_assignment':
      return again ? trans.__('Release again') : trans.__('Release');
    case 'collect':
      return trans.__('Collect %1', next.count);
    case 'autograde':
      return trans.__('Autograde %1', next.count);
    case 'grade_manually':
      return trans.__('Grade %1 by hand', next.count);
    case 'generate_feedback':
      return trans.__('Generate feedback %1', next.count);
    case 'release_feedback':
      return trans.__('Release feedback %1', next.count);
    case 'wait':
    case 'done':
    case 'no_source':
      return null;
  }
}

/** Say quietly why an assignment has no next step to click. */
export function restingWord(next: NextStep, trans: TranslationBundle): string {
  switch (next.step) {
    case 'wait':
      return trans.__('Nothing due yet');
    case 'no_source':
      return trans.__('No notebooks yet');
    default:
      return trans.__('Done');
  }
}

/** Say in a word or two how far an assignment has come, for the line beside its name. */
export function stateWord(row: AssignmentRow, now: number, trans: TranslationBundle): string {
  if (row.released.state === 'none') {
    return row.generated.state === 'none' ? trans.__('draft') : trans.__('not released');
  }
  if (row.due_date) {
    const due = shortTime(row.due_date, now);
    return Date.parse(row.due_date) < now ? trans.__('was due %1', due) : trans.__('due %1', due);
  }
  return trans.__('no due date');
}

/** Say how many have submitted, and what else is worth knowing; an empty list when nothing is. */
export function facts(row: AssignmentRow, students: number, trans: TranslationBundle): string[] {
  const said: string[] = [];
  if (row.released.state !== 'none' || row.submitted > 0) {
    said.push(trans.__('%1 of %2 submitted', row.submitted, students));
  }
  if (row.late > 0) {
    said.push(trans.__('%1 late', row.late));
  }
  if (row.autograded.failed > 0) {
    said.push(trans.__('%1 failed', row.autograded.failed));
  }
  if (said.length === 0 && row.notebooks.length > 0) {
    said.push(trans._n('%1 notebook', '%1 notebooks', row.notebooks.length));
    if (row.max_score !== null) {
      said.push(points(row.max_score, trans));
    }
  }
  return said;
}

/** Write a score without needless zeros: 7, 7.5, 7.25. */
export function score(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Say a number of points. */
export function points(value: number, trans: TranslationBundle): string {
  return trans._n('%1 point', '%1 points', value === 1 ? 1 : Math.round(value * 100) / 100);
}

/** Say how late a submission was; empty when it was not. */
export function lateBy(seconds: number, trans: TranslationBundle): string {
  return seconds > 0 ? duration(seconds, trans) : '';
}

/**
 * Say whether a release is held back: the assignment's own solution is known not to pass the gate, or could not
 * be tried where it has to be.
 */
export function isHeldBack({ gate }: Plan): boolean {
  return gate?.verdict?.state === 'failed' || Boolean(gate?.unfinished && gate.mode === 'block');
}

/** Label the button that carries out a plan: the verb and the number, never OK. */
export function planLabel(plan: Plan, trans: TranslationBundle): string {
  const count = plan.new + plan.replaced;
  const again = plan.replaced > 0 && plan.new === 0;
  switch (plan.verb) {
    case 'generate_assignment':
      return again ? trans.__('Generate again') : trans.__('Generate');
    case 'check_assignment':
      return trans.__('Check');
    case 'release_assignment':
      if (isHeldBack(plan)) {
        return trans.__('Release anyway');
      }
      return again ? trans.__('Release again') : trans.__('Release');
    case 'unrelease':
      return trans.__('Unrelease %1', plan.assignment_id);
    case 'collect':
      return again ? trans.__('Replace %1', count) : trans.__('Collect %1', count);
    case 'autograde':
      return again ? trans.__('Regrade %1', count) : trans.__('Autograde %1', count);
    case 'repair':
      return trans.__('Repair and regrade %1', count);
    case 'undo_repair':
      return trans.__('Put back and regrade %1', count);
    case 'generate_feedback':
      return again
        ? trans.__('Regenerate feedback %1', count)
        : trans.__('Generate feedback %1', count);
    case 'release_feedback':
      return again
        ? trans.__('Release feedback again %1', count)
        : trans.__('Release feedback %1', count);
    case 'fetch_assignment':
      return again ? trans.__('Fetch again') : trans.__('Fetch');
    case 'submit':
      return again ? trans.__('Submit again') : trans.__('Submit');
    case 'fetch_feedback':
      return again ? trans.__('Fetch feedback again') : trans.__('Fetch feedback');
  }
}

/** Say in one sentence what a plan replaces; empty when it replaces nothing. */
export function planSentence(plan: Plan, trans: TranslationBundle): string {
  const { replaced: n, assignment_id: name } = plan;
  if (plan.verb === 'unrelease') {
    return trans.__('%1 is withdrawn: students who have not fetched it can no longer do so.', name);
  }
  if (n === 0) {
    return '';
  }
  switch (plan.verb) {
    case 'generate_assignment':
      return trans.__('The generated version of %1 is replaced by a new one.', name);
    case 'check_assignment':
      return '';
    case 'release_assignment':
      return trans.__('The released version of %1 is replaced; students who fetched it keep theirs.', name);
    case 'collect':
      return trans._n(
        'The collected submission of %1 student in %2 is replaced by a newer one.',
        'The collected submissions of %1 students in %2 are replaced by newer ones.', n, name);
    case 'autograde':
      return trans._n(
        'The autograded result of %1 student in %2 is replaced; grades given by hand stay.',
        'The autograded results of %1 students in %2 are replaced; grades given by hand stay.', n, name);
    case 'repair':
      return trans._n(
        'The collected submission of %1 student in %2 is put right and graded again. Answers stay; it can be undone.',
        'The collected submissions of %1 students in %2 are put right and graded again. Answers stay; it can be undone.',
        n, name);
    case 'undo_repair':
      return trans._n(
        'The submission of %1 student in %2 is put back as it was collected, and graded again.',
        'The submissions of %1 students in %2 are put back as they were collected, and graded again.', n, name);
    case 'generate_feedback':
      return trans._n(
        'The feedback of %1 student in %2 is written anew.',
        'The feedback of %1 students in %2 is written anew.', n, name);
    case 'release_feedback':
      return trans._n(
        'The released feedback of %1 student in %2 is replaced.',
        'The released feedback of %1 students in %2 is replaced.', n, name);
    case 'fetch_assignment':
      return trans.__('Files that are missing from your copy of %1 are put back.', name);
    case 'submit':
      return trans.__('Your earlier submission of %1 stays, and the new one counts.', name);
    case 'fetch_feedback':
      return trans.__('Your copy of the feedback on %1 is replaced.', name);
  }
}

/** Say what a student should know before submitting: that it is late, that it is not the first. */
export function submitNotices(row: StudentAssignment, now: number, trans: TranslationBundle): string[] {
  const notices: string[] = [];
  if (row.due_date && Date.parse(row.due_date) < now) {
    const when = exactTime(row.due_date);
    const late = duration((now - Date.parse(row.due_date)) / 1000, trans);
    notices.push(trans.__('It was due %1: this submission is late by %2.', when, late));
  }
  if (row.submissions.length > 0) {
    notices.push(trans.__('You have submitted before; what you submit now takes its place.'));
  }
  return notices;
}

/**
 * Say how long a job will still take, `left` being seconds, or what it waits for once that has run out;
 * empty without an estimate.
 */
export function jobLeft(job: Job, left: number | null, trans: TranslationBundle): string {
  if (left === null) {
    return '';
  }
  if (left > 0 && job.done < job.total) {
    return timeLeft(left, trans);
  }
  const others = job.total - job.done - 1;
  if (others < 0) {
    return trans.__('finishing');
  }
  if (!job.current) {
    return trans._n('waiting for the last one', 'waiting for %1 more', others + 1);
  }
  return others > 0
    ? trans.__('waiting for %1 and %2 more', job.current, others)
    : trans.__('waiting for %1', job.current);
}

/** Say how many items of a job went well, failed and were skipped so far. */
export function tally({ done, failed, skipped }: Job, trans: TranslationBundle): string {
  const parts = [trans.__('%1 done', Math.max(0, done - failed - skipped))];
  if (failed > 0) {
    parts.push(trans.__('%1 failed', failed));
  }
  if (skipped > 0) {
    parts.push(trans.__('%1 skipped', skipped));
  }
  return parts.join(', ');
}

/** What these say of the whole is an audit of all submissions: too much for a line on one student. */
const AUDITED: readonly Verb[] = ['autograde', 'repair', 'undo_repair'];

/** Say what became of a job in one line, for the toast and the history. */
export function jobResult(job: Job, trans: TranslationBundle): string {
  if (job.state === 'failed' && job.error) {
    // what follows in further lines is for the history
    return job.error.message.split('\n')[0];
  }
  if (job.state === 'cancelled') {
    return trans.__('cancelled after %1 of %2', job.done, job.total);
  }
  if (job.total <= 1 && job.failed === 0) {
    const told = AUDITED.includes(job.request.verb) ? '' : job.summary;
    return told || trans.__('done');
  }
  return tally(job, trans);
}
