/** Whatever goes wrong between here and the server, as one kind of error with cause and remedy. */
import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ErrorBody, Job } from './wire';

/** A failure that can be shown: what is wrong, and what to do next. */
export class Failure extends Error {
  readonly code: string;
  readonly remedy: string;
  readonly suggestion: string;
  readonly report: string;
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;

  constructor(body: Partial<ErrorBody> & { message: string }, status = 0) {
    super(body.message);
    this.name = 'Failure';
    this.code = body.code ?? 'unknown';
    this.remedy = body.remedy ?? '';
    this.suggestion = body.suggestion ?? '';
    this.report = body.report ?? '';
    this.status = status;
  }

  /** Whether the same request may succeed when it is simply asked again. */
  get transient(): boolean {
    return this.status === 0 || this.status === 503;
  }
}

function isErrorBody(body: unknown): body is ErrorBody {
  return (
    typeof body === 'object' &&
    body !== null &&
    typeof (body as ErrorBody).message === 'string' &&
    typeof (body as ErrorBody).code === 'string'
  );
}

/** Turn an answer ≥ 400 into a failure; answers that are not hubgrade's get words of our own. */
export function answerFailure(
  status: number,
  body: unknown,
  trans: TranslationBundle
): Failure {
  if (isErrorBody(body)) {
    return new Failure(body, status);
  }
  if (status === 401 || status === 403) {
    return new Failure(
      {
        code: 'forbidden',
        message: trans.__('The server refused this request.'),
        remedy: trans.__('Reload the page and sign in again.')
      },
      status
    );
  }
  if (status === 404) {
    return new Failure(
      {
        code: 'extension_missing',
        message: trans.__('The server does not know hubgrade.'),
        remedy: trans.__(
          'Enable the server extension (jupyter server extension enable hubgrade_ext) and restart the server.'
        )
      },
      status
    );
  }
  return new Failure(
    {
      code: 'unexpected_answer',
      message: trans.__('The server answered with status %1.', status),
      remedy: trans.__('Try again; if it happens again, send a report to the admin.')
    },
    status
  );
}

/** Turn anything that was thrown into a failure. */
export function toFailure(error: unknown, trans: TranslationBundle): Failure {
  if (error instanceof Failure) {
    return error;
  }
  if (error instanceof DOMException && error.name === 'AbortError') {
    return new Failure({
      code: 'timeout',
      message: trans.__('The server did not answer in time.'),
      remedy: trans.__('It may be busy. Try again in a moment.')
    });
  }
  if (error instanceof ServerConnection.NetworkError || error instanceof TypeError) {
    return new Failure({
      code: 'offline',
      message: trans.__('The server cannot be reached.'),
      remedy: trans.__('Check the connection and that the server is running, then try again.')
    });
  }
  return new Failure({
    code: 'internal_error',
    message: trans.__('Something went wrong in this page.'),
    remedy: trans.__('Reload the page; if it happens again, send a report to the admin.'),
    report: error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  });
}

/** What a report says of where a failure happened; what is not known, or does not apply, is left out. */
export interface IReportFacts {
  course?: string;
  assignment?: string;
  /** The student, or what else the job was working on. */
  item?: string;
  verb?: string;
  job?: string;
  /** What walled student code in. */
  isolation?: string;
}

/** Say of a job what a report has about it; the course by its key. */
export function factsOf({ course_key, job_id, request: { assignment_id, verb } }: Job): IReportFacts {
  return { course: course_key, assignment: assignment_id, verb, job: job_id };
}

/** Write what an admin needs to know about a failure: these facts, and no secret. */
export function reportOf(failure: Failure, version: string, facts: IReportFacts = {}, now = new Date()): string {
  const { course, assignment, item, verb, job, isolation } = facts;
  const told = {
    time: now.toISOString(),
    course, assignment, item, verb, job, isolation,
    code: failure.code,
    // without an answer there is none
    status: failure.status || '',
    message: failure.message,
    remedy: failure.remedy
  };
  const lines = Object.entries(told).filter(([, value]) => value).map(([name, value]) => `${name}: ${value}`);
  lines.unshift(`hubgrade ${version}`);
  if (failure.report) {
    lines.push('', failure.report);
  }
  return lines.join('\n');
}

/** Say that what is open of an assignment could not be saved before it was to be submitted. */
export function notSaved(assignment: string, trans: TranslationBundle): Failure {
  return new Failure({
    code: 'not_saved',
    message: trans.__('A notebook of %1 could not be saved, so nothing was submitted.', assignment),
    remedy: trans.__('Save it, or close it without saving, then submit again.')
  });
}
