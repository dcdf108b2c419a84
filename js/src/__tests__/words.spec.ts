import { describe, expect, it } from 'vitest';
import type { NextStep, Plan } from '../api/wire';
import { facts, jobLeft, jobResult, nextStepLabel, planLabel, planSentence, restingWord, score, stateWord } from '../words';
import { assignment, count, job, NOW, plan, trans } from './samples';

describe('next step', () => {
  const labels: [NextStep['step'], string | null][] = [
    ['generate_assignment', 'Generate'],
    ['release_assignment', 'Release'],
    ['collect', 'Collect 8'],
    ['autograde', 'Autograde 8'],
    ['grade_manually', 'Grade 8 by hand'],
    ['generate_feedback', 'Generate feedback 8'],
    ['release_feedback', 'Release feedback 8'],
    ['wait', null],
    ['done', null],
    ['no_source', null]
  ];
  it.each(labels)('%s is labelled %s', (step, label) => {
    expect(nextStepLabel({ step, count: 8 }, trans)).toBe(label);
  });
  it('says when it is done again', () => {
    const again = (['generate_assignment', 'release_assignment'] as const).map(step =>
      nextStepLabel({ step, count: 0 }, trans, true)
    );
    expect(again).toEqual(['Generate again', 'Release again']);
  });
  it('says why there is nothing to click', () => {
    const words = (['wait', 'done', 'no_source'] as const).map(step => restingWord({ step, count: 0 }, trans));
    expect(words).toEqual(['Nothing due yet', 'Done', 'No notebooks yet']);
  });
});

describe('plan', () => {
  it.each<[Partial<Plan>, string]>([
    [{ new: 0, replaced: 120 }, 'Regrade 120'],
    [{ new: 3, replaced: 2 }, 'Autograde 5'],
    [{ verb: 'collect', new: 0, replaced: 4 }, 'Replace 4'],
    [{ verb: 'generate_assignment', new: 0, replaced: 1 }, 'Generate again'],
    [{ verb: 'unrelease', new: 0, replaced: 1 }, 'Unrelease ps1'],
    [{ verb: 'release_feedback', new: 7, replaced: 0 }, 'Release feedback 7'],
    [{ verb: 'submit', new: 1, replaced: 0 }, 'Submit']
  ])('%o has the button %s', (change, label) => {
    expect(planLabel(plan(change), trans)).toBe(label);
  });
  it('says what is replaced, for how many', () => {
    expect(planSentence(plan({ replaced: 1 }), trans)).toContain('of 1 student in ps1');
    expect(planSentence(plan({ replaced: 120 }), trans)).toContain('of 120 students in ps1');
    expect(planSentence(plan(), trans)).toBe('');
  });
});

describe('an assignment', () => {
  it('says how far it has come', () => {
    const released = { state: 'current' as const, at: null };
    expect(stateWord(assignment(), NOW, trans)).toBe('draft');
    expect(stateWord(assignment({ generated: released }), NOW, trans)).toBe('not released');
    expect(stateWord(assignment({ released }), NOW, trans)).toBe('no due date');
    expect(stateWord(assignment({ released, due_date: '2026-11-21T12:00:00Z' }), NOW, trans)).toMatch(/^was due/);
    expect(stateWord(assignment({ released, due_date: '2026-11-23T12:00:00Z' }), NOW, trans)).toMatch(/^due/);
  });
  it('has a line of facts', () => {
    const row = assignment({ submitted: 112, late: 3, autograded: count(75, 112, 37, 2) });
    expect(facts(row, 120, trans)).toEqual(['112 of 120 submitted', '3 late', '2 failed']);
    expect(facts(assignment({ max_score: 6 }), 120, trans)).toEqual(['1 notebook', '6 points']);
  });
});

describe('a job', () => {
  it('says what became of it', () => {
    expect(jobResult(job({ state: 'done', done: 75, total: 75, failed: 1 }), trans)).toBe('74 done, 1 failed');
    expect(jobResult(job({ state: 'cancelled', done: 37, total: 75 }), trans)).toBe('cancelled after 37 of 75');
    const error = { code: 'busy', message: 'The gradebook is locked.', remedy: '', suggestion: '', report: '' };
    expect(jobResult(job({ state: 'failed', error }), trans)).toBe('The gradebook is locked.');
  });
  it('says how long it takes, and what it waits for once that has run out', () => {
    const late = (change: Parameters<typeof job>[0], left: number | null = -1) => jobLeft(job({ total: 20, ...change }), left, trans);
    expect(late({ done: 18 }, null)).toBe('');
    expect(late({ done: 18, current: 'ivy' }, 4)).toBe('a few seconds left');
    expect(late({ done: 19, current: 'ivy' })).toBe('waiting for ivy');
    expect(late({ done: 17, current: 'ivy' })).toBe('waiting for ivy and 2 more');
    expect(late({ done: 18 }, 0)).toBe('waiting for 2 more');
    expect(late({ done: 19 })).toBe('waiting for the last one');
    expect(late({ done: 20 }, 3)).toBe('finishing');
  });
  it('says of one student nothing about all', () => {
    const audit = job({ state: 'done', done: 1, total: 1, summary: 'Audit: 9 of 11.' });
    expect(jobResult(audit, trans)).toBe('done');
    const checked = { ...audit, request: { ...audit.request, verb: 'check_assignment' as const } };
    expect(jobResult(checked, trans)).toBe('Audit: 9 of 11.');
  });
});

it('writes scores without needless zeros', () => {
  expect([7, 7.5, 7.256].map(score)).toEqual(['7', '7.5', '7.26']);
});
