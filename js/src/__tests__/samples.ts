/** Wire objects with sensible values, to be varied by tests. */
import { nullTranslator } from '@jupyterlab/translation';
import type {
  AssignmentRow, CourseRef, Job, Plan, StepCount, StudentAssignment, SubmissionRow
} from '../api/wire';
import { jobRequest } from '../api/wire';

export const trans = nullTranslator.load('hubgrade');

export const NOW = Date.parse('2026-11-22T12:00:00Z');

export function count(done = 0, total = 0, remaining = 0, failed = 0): StepCount {
  return { done, total, remaining, failed };
}

export function course(change: Partial<CourseRef> = {}): CourseRef {
  return {
    course_key: 'c1',
    course_id: 'course101',
    roles: ['instructor'],
    root: '/courses/course101',
    server_path: 'course101',
    problem: null,
    ...change
  };
}

export function assignment(change: Partial<AssignmentRow> = {}): AssignmentRow {
  return {
    assignment_id: 'ps1',
    notebooks: [{ notebook_id: 'problem1', max_score: 6, server_path: 'course101/source/ps1/problem1.ipynb' }],
    next_step: { step: 'generate_assignment', count: 0 },
    generated: { state: 'none', at: null },
    released: { state: 'none', at: null },
    submitted: 0,
    late: 0,
    collected: count(),
    autograded: count(),
    manual: count(),
    feedback_generated: count(),
    feedback_released: count(),
    has_source: true,
    max_score: null,
    due_date: null,
    source_modified: null,
    mean_score: null,
    server_path: 'course101/source/ps1',
    problem: null,
    gate: null,
    ...change
  };
}

export function submission(student_id: string, change: Partial<SubmissionRow> = {}): SubmissionRow {
  return {
    student_id,
    first_name: '',
    last_name: '',
    attempts: 1,
    waiting: false,
    autograded: 'current',
    feedback_generated: 'none',
    feedback_released: 'none',
    newest_attempt: '2026-11-20T10:00:00Z',
    collected_attempt: '2026-11-20T10:00:00Z',
    late_s: 0,
    score: 5,
    max_score: 6,
    late_penalty: 0,
    needs_manual_grade: false,
    notebooks: [],
    outcome: null,
    grading: null,
    repaired: false,
    ...change
  };
}

export function failedSubmission(student_id: string): SubmissionRow {
  return submission(student_id, {
    autograded: 'none',
    score: null,
    outcome: {
      verb: 'autograde',
      state: 'failed',
      code: 'kernel_died',
      message: 'The kernel died in cell 4.',
      remedy: 'Raise the memory limit.',
      at: null,
      job_id: '',
      isolation: '',
      notebooks: []
    }
  });
}

export function graded(student_id: string, code: string, message: string): SubmissionRow {
  const remedy = message && 'Look at it.';
  return submission(student_id, {
    grading: {
      verb: 'autograde',
      state: 'done',
      code,
      message,
      remedy,
      at: null,
      job_id: 'j1',
      isolation: 'namespaces',
      notebooks: [{ notebook: 'p.ipynb', code, message, remedy, cell: 3 }]
    }
  });
}

export function job(change: Partial<Job> = {}): Job {
  return {
    job_id: 'j1',
    course_key: 'c1',
    request: jobRequest({ verb: 'autograde', assignment_id: 'ps1' }),
    state: 'running',
    seq: 1,
    created_at: '2026-11-22T11:00:00Z',
    created_by: 'teacher',
    started_at: null,
    ended_at: null,
    done: 0,
    total: 10,
    failed: 0,
    skipped: 0,
    current: '',
    eta_s: null,
    attempt: 1,
    cancelling: false,
    error: null,
    summary: '',
    ...change
  };
}

export function plan(change: Partial<Plan> = {}): Plan {
  return {
    verb: 'autograde',
    assignment_id: 'ps1',
    total: 3,
    new: 3,
    replaced: 0,
    unchanged: 0,
    backup: null,
    confirm_with: null,
    warnings: [],
    gate: null,
    ...change
  };
}

export function studentAssignment(change: Partial<StudentAssignment> = {}): StudentAssignment {
  return {
    assignment_id: 'ps1',
    state: 'released',
    fetched: false,
    submissions: [],
    due_date: null,
    server_path: null,
    notebooks: [],
    ...change
  };
}
