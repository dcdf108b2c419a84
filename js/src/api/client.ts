/** The only module that talks HTTP. */
import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import createClient, { type Client as Fetcher } from 'openapi-fetch';
import { answerFailure, toFailure } from './errors';
import type { paths } from './openapi';
import * as wire from './wire';

/** How long one request may take before the page says so. */
const TIMEOUT_MS = 60_000;
/** The same for carrying out or undoing a fix: a gradebook's upgrade copies all of it first. */
const FIX_TIMEOUT_MS = 610_000;

const API = '/hubgrade/api' as const;
const COURSE = `${API}/courses/{course_key}` as const;
const ASSIGNMENT = `${COURSE}/assignments/{assignment_id}` as const;
const FIX = `${COURSE}/fixes/{fix_id}` as const;
const JOB = `${COURSE}/jobs/{job_id}` as const;

interface IAnswer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Where formgrader should open. */
export interface IFormgraderPlace {
  assignment_id?: string;
  notebook_id?: string;
  submission_id?: string;
}

/** hubgrade's API, one method an operation; every method throws `Failure` and nothing else. */
export class Client {
  constructor(
    private readonly trans: TranslationBundle,
    settings: ServerConnection.ISettings = ServerConnection.makeSettings()
  ) {
    this.http = createClient<paths>({
      baseUrl: settings.baseUrl.replace(/\/+$/, ''),
      fetch: request => send(request, settings)
    });
  }

  getSession(): Promise<wire.Session> {
    return this.call(this.http.GET(`${API}/session`));
  }

  openCourse(root: string): Promise<wire.CourseRef> {
    return this.call(this.http.POST(`${API}/courses`, { body: { root } }));
  }

  createCourse(root: string, course_id: string): Promise<wire.CourseRef> {
    return this.call(this.http.POST(`${API}/courses/new`, { body: { root, course_id } }));
  }

  async forgetCourse(course_key: string): Promise<void> {
    await this.call(this.http.DELETE(COURSE, { params: { path: { course_key } } }));
  }

  getConfig(course_key: string): Promise<wire.ConfigPage> {
    return this.call(this.http.GET(`${COURSE}/config`, { params: { path: { course_key } } }));
  }

  /** Check the course; without `slow`, slow checks are reported as running. */
  getPreflight(course_key: string, slow: boolean): Promise<wire.PreflightReport> {
    return this.call(
      this.http.GET(`${COURSE}/preflight`, {
        params: { path: { course_key }, query: { slow: slow ? '1' : '0' } }
      })
    );
  }

  listFixes(course_key: string): Promise<wire.FixesPage> {
    return this.call(this.http.GET(`${COURSE}/fixes`, { params: { path: { course_key } } }));
  }

  planFix(course_key: string, fix_id: string): Promise<wire.FixPlan> {
    return this.call(this.http.GET(FIX, { params: { path: { course_key, fix_id } } }));
  }

  applyFix(course_key: string, fix_id: string, digest: string): Promise<wire.FixRecord> {
    return this.call(
      this.http.POST(FIX, { params: { path: { course_key, fix_id } }, body: { digest } })
    );
  }

  undoFix(course_key: string, record_id: string): Promise<wire.FixRecord> {
    return this.call(
      this.http.POST(`${COURSE}/undo-fix`, { params: { path: { course_key } }, body: { record_id } })
    );
  }

  listStudents(course_key: string): Promise<wire.StudentsPage> {
    return this.call(this.http.GET(`${COURSE}/students`, { params: { path: { course_key } } }));
  }

  listAssignments(course_key: string): Promise<wire.AssignmentsPage> {
    return this.call(this.http.GET(`${COURSE}/assignments`, { params: { path: { course_key } } }));
  }

  createAssignment(course_key: string, assignment_id: string): Promise<wire.AssignmentRow> {
    return this.call(
      this.http.POST(`${COURSE}/assignments`, {
        params: { path: { course_key } },
        body: { assignment_id }
      })
    );
  }

  editAssignment(
    course_key: string,
    assignment_id: string,
    due_date: string | null
  ): Promise<wire.AssignmentRow> {
    return this.call(
      this.http.PATCH(ASSIGNMENT, {
        params: { path: { course_key, assignment_id } },
        body: { due_date }
      })
    );
  }

  listSubmissions(course_key: string, assignment_id: string): Promise<wire.SubmissionsPage> {
    return this.call(
      this.http.GET(`${ASSIGNMENT}/submissions`, { params: { path: { course_key, assignment_id } } })
    );
  }

  previewAssignment(course_key: string, assignment_id: string): Promise<wire.Preview> {
    return this.call(
      this.http.GET(`${ASSIGNMENT}/preview`, { params: { path: { course_key, assignment_id } } })
    );
  }

  getFormgrader(course_key: string, place: IFormgraderPlace): Promise<wire.FormgraderLink> {
    return this.call(
      this.http.GET(`${COURSE}/formgrader`, { params: { path: { course_key }, query: place } })
    );
  }

  getStudentPage(course_key: string): Promise<wire.StudentPage> {
    return this.call(this.http.GET(`${COURSE}/student`, { params: { path: { course_key } } }));
  }

  planJob(course_key: string, wish: wire.JobWish): Promise<wire.Plan> {
    return this.call(
      this.http.POST(`${COURSE}/plan`, {
        params: { path: { course_key } },
        body: wire.jobRequest(wish)
      })
    );
  }

  listJobs(course_key: string): Promise<wire.JobsPage> {
    return this.call(this.http.GET(`${COURSE}/jobs`, { params: { path: { course_key } } }));
  }

  createJob(course_key: string, wish: wire.JobWish): Promise<wire.Job> {
    return this.call(
      this.http.POST(`${COURSE}/jobs`, {
        params: { path: { course_key } },
        body: wire.jobRequest(wish)
      })
    );
  }

  getJob(course_key: string, job_id: string): Promise<wire.JobDetail> {
    return this.call(this.http.GET(JOB, { params: { path: { course_key, job_id } } }));
  }

  /** Read a piece of a job's log, or of what it says of one item. */
  getJobLog(course_key: string, job_id: string, offset: number, item = ''): Promise<wire.JobLog> {
    return this.call(
      this.http.GET(`${JOB}/log`, {
        params: { path: { course_key, job_id }, query: { offset: String(offset), item } }
      })
    );
  }

  cancelJob(course_key: string, job_id: string): Promise<wire.Job> {
    return this.call(this.http.POST(`${JOB}/cancel`, { params: { path: { course_key, job_id } } }));
  }

  retryJob(course_key: string, job_id: string): Promise<wire.Job> {
    return this.call(this.http.POST(`${JOB}/retry`, { params: { path: { course_key, job_id } } }));
  }

  private async call<T>(request: Promise<IAnswer<T>>): Promise<T> {
    let answer: IAnswer<T>;
    try {
      answer = await request;
    } catch (error) {
      throw toFailure(error, this.trans);
    }
    if (!answer.response.ok) {
      throw answerFailure(answer.response.status, answer.error, this.trans);
    }
    // every operation but forgetCourse has a body, and that one does not read it
    return answer.data as T;
  }

  private readonly http: Fetcher<paths>;
}

async function send(request: Request, settings: ServerConnection.ISettings): Promise<Response> {
  const timeout = new AbortController();
  const fixes = request.method === 'POST' && /\/(fixes\/[^/]+|undo-fix)$/.test(request.url);
  const timer = setTimeout(() => timeout.abort(), fixes ? FIX_TIMEOUT_MS : TIMEOUT_MS);
  const body = await request.text();
  try {
    return await ServerConnection.makeRequest(
      request.url,
      { method: request.method, body: body || undefined, signal: timeout.signal },
      settings
    );
  } finally {
    clearTimeout(timer);
  }
}
