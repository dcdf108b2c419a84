import { describe, expect, it } from 'vitest';
import {
  canRepair, countShows, filterSubmissions, isolationSentence, kindOf, outcomeOf, remarkOf, studentName, urgency
} from '../outcome';
import { failedSubmission, graded, submission, trans } from './samples';

const rows = [
  submission('graded', { first_name: 'Ada', last_name: 'Lovelace' }),
  failedSubmission('broken'),
  submission('again', { waiting: true, late_s: 60 }),
  submission('new', { waiting: true, collected_attempt: null, score: null, autograded: 'none' }),
  submission('hand', { needs_manual_grade: true }),
  submission('todo', { autograded: 'none', score: null }),
  submission('absent', { attempts: 0, newest_attempt: null, collected_attempt: null, score: null, autograded: 'none' })
];

describe('outcomes', () => {
  it('are told apart', () => {
    expect(rows.map(kindOf)).toEqual(['graded', 'failed', 'waiting', 'waiting', 'manual', 'ungraded', 'missing']);
  });
  it('say a failure with cause and remedy', () => {
    expect(outcomeOf(failedSubmission('x'), trans)).toMatchObject({
      tone: 'error', word: 'Autograde failed', sentence: 'The kernel died in cell 4. Raise the memory limit.'
    });
  });
  it('tell a newer attempt from a first one', () => {
    expect([rows[2], rows[3]].map(row => outcomeOf(row, trans).word)).toEqual(['Newer attempt', 'To collect']);
  });
  it('put failures first and who did not submit last', () => {
    const sorted = [...rows].sort((a, b) => urgency(a) - urgency(b)).map(row => row.student_id);
    expect(sorted[0]).toBe('broken');
    expect(sorted[sorted.length - 1]).toBe('absent');
  });
});

describe('the filter', () => {
  const ids = (...args: [Parameters<typeof filterSubmissions>[1], string]) =>
    filterSubmissions(rows, ...args, trans).map(row => row.student_id);
  it('finds names either way round, ids and sentences', () => {
    expect(ids('all', 'ada love')).toEqual(['graded']);
    expect(ids('all', 'KERNEL DIED')).toEqual(['broken']);
    expect(ids('all', 'abs')).toEqual(['absent']);
  });
  it('keeps one kind', () => {
    expect(ids('waiting', '')).toEqual(['again', 'new']);
    expect(ids('late', '')).toEqual(['again']);
    expect(ids('waiting', 'new')).toContain('new');
  });
  it('is counted', () => {
    expect(countShows(rows)).toEqual({
      all: 7, failed: 1, remarked: 0, waiting: 2, ungraded: 1, manual: 1, graded: 1, late: 1, missing: 1
    });
  });
});

it('writes names, or the id', () => {
  expect(rows.slice(0, 2).map(studentName)).toEqual(['Lovelace, Ada', 'broken']);
});

describe('what a grading says', () => {
  const died = graded('died', 'kernel_died', 'p.ipynb: The kernel died at cell 3.');
  it('is a remark in the table, before all but failures', () => {
    expect(outcomeOf(died, trans)).toMatchObject({
      kind: 'graded', tone: 'warning', word: 'Kernel died', sentence: 'p.ipynb: The kernel died at cell 3. Look at it.'
    });
    expect(urgency(died)).toBeGreaterThan(urgency(failedSubmission('x')));
    expect(urgency(died)).toBeLessThan(urgency(submission('y', { waiting: true })));
    expect(countShows([died, submission('z')])).toMatchObject({ remarked: 1, graded: 2 });
  });
  it('is an error where tests were switched off', () => {
    expect(outcomeOf(graded('eve', 'tests_disabled', 'Tampered.'), trans).tone).toBe('error');
  });
  it('is over once there is a newer attempt, or a newer failure', () => {
    expect(remarkOf({ ...died, waiting: true })).toBeNull();
    expect(remarkOf({ ...died, autograded: 'outdated' })).toBeNull();
    expect(outcomeOf({ ...died, outcome: failedSubmission('x').outcome }, trans).word).toBe('Autograde failed');
  });
  it('offers a repair where one click can put it right', () => {
    expect(canRepair(died)).toBe(false);
    expect(canRepair(graded('r', 'notebook_renamed', 'Renamed.'))).toBe(true);
    const both = graded('d', 'kernel_died', 'Died.');
    both.grading?.notebooks.push({ notebook: 'q.ipynb', code: 'cells_deleted', message: '', remedy: '', cell: null });
    expect(canRepair(both)).toBe(true);
  });
  it('says that nothing walled the code in', () => {
    const bare = graded('b', 'graded', '');
    bare.grading = bare.grading && { ...bare.grading, isolation: 'none' };
    expect(outcomeOf(bare, trans)).toMatchObject({ word: 'Graded', sentence: 'Graded without isolation.' });
    expect(isolationSentence('namespaces', trans)).toContain('namespaces');
    expect(isolationSentence('', trans)).toBe('');
  });
  it('says so before a remark, and where a person grades', () => {
    const both = graded('both', 'kernel_died', 'It died.');
    both.grading = both.grading && { ...both.grading, isolation: 'none' };
    expect(outcomeOf(both, trans)).toMatchObject({
      word: 'Kernel died', sentence: 'Graded without isolation. It died. Look at it.'
    });
    const hand = { ...graded('hand', 'graded', ''), grading: both.grading && { ...both.grading, code: 'graded' } };
    expect(outcomeOf({ ...hand, needs_manual_grade: true }, trans)).toMatchObject({
      word: 'Grade by hand', sentence: 'Graded without isolation.'
    });
  });
  it('tells whoever a cancelled job did not get to', () => {
    const left = graded('left', 'cancelled', 'The job was cancelled before this one.');
    left.grading = left.grading && { ...left.grading, state: 'skipped', notebooks: [], isolation: '' };
    const none = { ...left, autograded: 'none' as const, score: null };
    expect(outcomeOf(none, trans)).toMatchObject({
      kind: 'ungraded', word: 'Cancelled', sentence: 'The job was cancelled before this one. Look at it.'
    });
    expect(outcomeOf({ ...none, waiting: true }, trans).word).toBe('Newer attempt');
    expect(outcomeOf(left, trans)).toMatchObject({ word: 'Graded', sentence: '' });
  });
});
