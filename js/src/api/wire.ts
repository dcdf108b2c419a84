/** The wire shapes by their names; generated from the server's OpenAPI description. */
import type { components } from './openapi';

type Schemas = components['schemas'];

export type AssignmentRow = Schemas['AssignmentRow'];
export type AssignmentsPage = Schemas['AssignmentsPage'];
export type ConfigPage = Schemas['ConfigPage'];
export type CourseRef = Schemas['CourseRef'];
export type ErrorBody = Schemas['ErrorBody'];
export type Finding = Schemas['Finding'];
export type FixesPage = Schemas['FixesPage'];
export type FixPlan = Schemas['FixPlan'];
export type FixRecord = Schemas['FixRecord'];
export type FormgraderLink = Schemas['FormgraderLink'];
export type Gate = Schemas['Gate'];
export type GateFinding = Schemas['GateFinding'];
export type GateVerdict = Schemas['GateVerdict'];
export type ItemResult = Schemas['ItemResult'];
export type Job = Schemas['Job'];
export type JobDetail = Schemas['JobDetail'];
export type JobLog = Schemas['JobLog'];
export type JobRequest = Schemas['JobRequest'];
export type JobsPage = Schemas['JobsPage'];
export type NextStep = Schemas['NextStep'];
export type NotebookScore = Schemas['NotebookScore'];
export type NotebookOutcome = Schemas['NotebookOutcome'];
export type Outcome = Schemas['Outcome'];
export type OwnSubmission = Schemas['OwnSubmission'];
export type Plan = Schemas['Plan'];
export type PreflightReport = Schemas['PreflightReport'];
export type Preview = Schemas['Preview'];
export type Session = Schemas['Session'];
export type Setting = Schemas['Setting'];
export type Step = Schemas['Step'];
export type StepCount = Schemas['StepCount'];
export type StudentAssignment = Schemas['StudentAssignment'];
export type StudentPage = Schemas['StudentPage'];
export type StudentRow = Schemas['StudentRow'];
export type StudentsPage = Schemas['StudentsPage'];
export type SubmissionRow = Schemas['SubmissionRow'];
export type SubmissionsPage = Schemas['SubmissionsPage'];

export type Verb = JobRequest['verb'];

/** A job to ask for; what is left out has the server's default. */
export type JobWish = Pick<JobRequest, 'verb' | 'assignment_id'> & Partial<JobRequest>;

/** Fill in the defaults of a job request. */
export function jobRequest(wish: JobWish): JobRequest {
  return {
    scope: 'remaining',
    students: null,
    notebook: '*',
    before_due_date: false,
    confirm: '',
    anyway: false,
    ...wish
  };
}

/** Say whether a job still has something to do. */
export function isActive(job: Pick<Job, 'state'>): boolean {
  return job.state === 'queued' || job.state === 'running';
}
