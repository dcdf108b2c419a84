/** What a click does: plan, ask when something would be overwritten, start the job, show what failed. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IFormgraderPlace } from './api/client';
import { factsOf, Failure, type IReportFacts, notSaved, reportOf, toFailure } from './api/errors';
import type {
  AssignmentRow, CourseRef, ErrorBody, FixRecord, Job, JobWish, StudentAssignment, SubmissionRow, Verb
} from './api/wire';
import { NewCourseDialog, type INewCourse } from './components/NewCourseDialog';
import { DueDateDialog, type IDueDate } from './components/DueDateDialog';
import { CancelDialog } from './components/CancelDialog';
import { FailureDialog } from './components/FailureDialog';
import { NewAssignmentDialog } from './components/NewAssignmentDialog';
import { OpenCourseDialog } from './components/OpenCourseDialog';
import { OutcomeDialog } from './components/OutcomeDialog';
import { confirmPlan, needsConfirmation, showGate } from './confirming';
import type { Dialogs } from './dialogs';
import { showFix, undoFix } from './fixing';
import type { JobTracker } from './jobs';
import type { Model } from './model';
import { formgraderUrl, openPreview } from './pages';
import { canRepair, studentName, toldOf } from './outcome';
import type { Chosen } from './state';
import type { IOpener } from './tokens';
import { isHeldBack, submitNotices } from './words';

export interface IActsParts {
  model: Model;
  tracker: JobTracker;
  chosen: Chosen;
  opener: IOpener;
  dialogs: Dialogs;
  trans: TranslationBundle;
}

/** Verbs that run student code. */
const GRADING: Verb[] = ['autograde', 'repair', 'undo_repair'];

export class Acts {
  constructor(private readonly parts: IActsParts) {}

  /**
   * Plan a job, ask when it overwrites something, start it; null when it was not started.
   * `notices` are sentences that the reader is to see first, beside the plan's own warnings.
   */
  async run(course: string, wish: JobWish, notices: string[] = []): Promise<Job | null> {
    const { model, tracker, dialogs, opener, trans } = this.parts;
    return this.guard(async () => {
      const planned = await model.client.planJob(course, wish);
      const plan = { ...planned, warnings: [...notices, ...planned.warnings] };
      if (plan.total === 0 || (plan.new === 0 && plan.replaced === 0 && !plan.confirm_with)) {
        const why = plan.warnings.join(' ') || trans.__('%1: nothing is left to do.', wish.assignment_id);
        opener.notify(why, 'info');
        void model.refresh(course);
        return null;
      }
      let confirm = '';
      if (needsConfirmation(plan)) {
        const answer = await confirmPlan(dialogs, plan);
        if (answer === null) {
          return null;
        }
        if (answer === 'check') {
          return this.check(course, wish.assignment_id);
        }
        confirm = answer.typed;
      }
      const job = await model.createJob(course, { ...wish, confirm, anyway: isHeldBack(plan) });
      tracker.watch(job);
      return job;
    }, { course, assignment: wish.assignment_id, verb: wish.verb });
  }

  /** Try an assignment's own solution again. */
  check(course: string, assignment_id: string): Promise<Job | null> {
    return this.run(course, { verb: 'check_assignment', assignment_id });
  }

  /** Show all that trying an assignment's own solution has shown. */
  async showGate(course: string, { gate, assignment_id }: AssignmentRow): Promise<void> {
    if (gate && (await showGate(this.parts.dialogs, assignment_id, gate))) {
      await this.check(course, assignment_id);
    }
  }

  /** Do the next step of an assignment. */
  async nextStep(course: string, row: AssignmentRow): Promise<void> {
    const { step } = row.next_step;
    const { assignment_id } = row;
    switch (step) {
      case 'grade_manually':
        return this.openFormgrader(course, { assignment_id });
      case 'wait':
      case 'done':
        return;
      case 'no_source':
        return row.server_path ? this.parts.opener.folder(row.server_path) : undefined;
      default:
        await this.run(course, { verb: step, assignment_id });
    }
  }

  /** Submit an assignment after saving what is open of it. */
  async submit(course: string, row: StudentAssignment): Promise<Job | null> {
    const { opener, trans } = this.parts;
    const { assignment_id, server_path } = row;
    const saved = server_path && (await this.attempt(() => opener.saveNotebooks(server_path)));
    if (saved instanceof Failure) {
      await this.showFailure(notSaved(assignment_id, trans));
      return null;
    }
    return this.run(course, { verb: 'submit', assignment_id }, submitNotices(row, Date.now(), trans));
  }

  /** Cancel a job; ask first when submissions are being graded. */
  async cancel(job: Job): Promise<void> {
    const { dialogs, model } = this.parts;
    const grading = GRADING.includes(job.request.verb) && job.state === 'running' && job.total > 1;
    if (grading) {
      const grace_s = model.queries.getQueryData(model.session().queryKey)?.cancel_grace_s ?? 0;
      const sure = await dialogs.ask<true>(close => <CancelDialog job={job} grace_s={grace_s} onClose={close} />);
      if (sure === null) {
        return;
      }
    }
    await this.guard(() => model.cancelJob(job.course_key, job.job_id), factsOf(job));
  }

  /** Show what became of a student's submission; from there it can be repaired. */
  async showOutcome(course: string, assignment_id: string, row: SubmissionRow): Promise<void> {
    const told = toldOf(row);
    if (told === null) {
      return;
    }
    const { dialogs, model } = this.parts;
    const { code, message, remedy, job_id, verb, isolation } = told;
    const facts = { course, assignment: assignment_id, item: row.student_id, verb, job: job_id, isolation };
    const readLog = () =>
      this.attempt(async () => (await model.client.getJobLog(course, job_id, 0, row.student_id)).text);
    const answer = await dialogs.ask<'repair'>(close => (
      <OutcomeDialog
        title={`${studentName(row)} · ${assignment_id}`}
        told={told}
        readLog={job_id ? readLog : null}
        canRepair={canRepair(row)}
        onCopy={log =>
          void this.copyReport(new Failure({ code, message, remedy, report: log }), facts)
        }
        onClose={close}
      />
    ));
    if (answer === 'repair') {
      await this.run(course, { verb: 'repair', assignment_id, students: [row.student_id] });
    }
  }

  /** Start a job again for what failed in it. */
  async retry(job: Job): Promise<void> {
    const { model, tracker } = this.parts;
    await this.guard(async () => {
      tracker.watch(await model.retryJob(job.course_key, job.job_id));
    }, factsOf(job));
  }

  async openCourse(): Promise<CourseRef | null> {
    const { dialogs, opener, model } = this.parts;
    const course = await dialogs.ask<CourseRef>(close => (
      <OpenCourseDialog
        listFolders={path => opener.listFolders(path)}
        onOpen={root => this.attempt(() => model.openCourse(root))}
        onClose={close}
      />
    ));
    return this.chooseCourse(course);
  }

  async createCourse(): Promise<CourseRef | null> {
    const { dialogs, model } = this.parts;
    const create = ({ root, course_id }: INewCourse) =>
      this.attempt(() => model.createCourse(root, course_id));
    const course = await dialogs.ask<CourseRef>(close => (
      <NewCourseDialog onCreate={create} onClose={close} />
    ));
    return this.chooseCourse(course);
  }

  async createAssignment(course: string, taken: string[]): Promise<AssignmentRow | null> {
    const { dialogs, model, opener } = this.parts;
    const row = await dialogs.ask<AssignmentRow>(close => (
      <NewAssignmentDialog
        taken={taken}
        onCreate={name => this.attempt(() => model.createAssignment(course, name))}
        onClose={close}
      />
    ));
    const path = row?.notebooks[0]?.server_path;
    if (path) {
      opener.document(path);
    }
    return row;
  }

  async editDueDate(course: string, row: AssignmentRow): Promise<void> {
    const { dialogs, model } = this.parts;
    const { assignment_id, due_date } = row;
    const save = (due: IDueDate) =>
      this.attempt(() => model.editAssignment(course, assignment_id, due.due_date));
    await dialogs.ask<AssignmentRow>(close => (
      <DueDateDialog assignment={assignment_id} due={due_date} onSave={save} onClose={close} />
    ));
  }

  /** Open the notebooks as students will get them. */
  async preview(course: string, assignment: string): Promise<void> {
    await this.guard(() => openPreview(this.parts, course, assignment));
  }

  /** Open formgrader as a page of its own; must be called within the click. */
  async openFormgrader(course: string, place: IFormgraderPlace = {}): Promise<void> {
    // a window opened after an answer from the server would be blocked as a pop-up
    const page = window.open('', '_blank');
    if (page) {
      page.opener = null;
    }
    const link = await this.attempt(() => formgraderUrl(this.parts, course, place, page !== null));
    if (typeof link === 'string') {
      page?.location.replace(new URL(link, window.location.href).href);
      return;
    }
    // the empty page would cover the message
    page?.close();
    await this.showFailure(link);
  }

  /** Show a problem that came as part of a page. */
  async showProblem(problem: ErrorBody): Promise<void> {
    await this.showFailure(new Failure(problem));
  }

  /** Show exactly what a fix would change, and do it when that is wanted. */
  async fix(course: string, fix_id: string): Promise<void> {
    await this.guard(() => showFix(this.parts, course, fix_id));
  }

  /** Put back what a fix changed. */
  async undoFix(course: string, record: FixRecord): Promise<void> {
    await this.guard(() => undoFix(this.parts, course, record));
  }

  /** Copy what an admin needs to know; `course` in the facts is a key, the chosen course's by default. */
  async copyReport(failure: Failure, facts: IReportFacts = {}): Promise<void> {
    const { chosen, model, trans } = this.parts;
    const session = model.queries.getQueryData(model.session().queryKey);
    const key = facts.course ?? chosen.value.course_key;
    const course = session?.courses.find(one => one.course_key === key)?.course_id;
    await this.copy(reportOf(failure, session?.version ?? '', { ...facts, course }), trans.__('Report copied'));
  }

  /** Put a text on the clipboard and say so. */
  async copy(text: string, said: string): Promise<void> {
    const { opener, trans } = this.parts;
    try {
      await navigator.clipboard.writeText(text);
      opener.notify(said, 'success');
    } catch {
      opener.notify(trans.__('The browser does not allow copying here.'), 'error');
    }
  }

  private chooseCourse(course: CourseRef | null): CourseRef | null {
    if (course) {
      this.parts.chosen.set({ course_key: course.course_key });
    }
    return course;
  }

  /** Do something whose failure a dialog shows beside what was typed. */
  private async attempt<T>(act: () => Promise<T>): Promise<T | Failure> {
    try {
      return await act();
    } catch (error) {
      return toFailure(error, this.parts.trans);
    }
  }

  /** Do something; a failure is shown, and null comes back. */
  private async guard<T>(act: () => Promise<T>, facts?: IReportFacts): Promise<T | null> {
    const done = await this.attempt(act);
    if (done instanceof Failure) {
      await this.showFailure(done, facts);
      return null;
    }
    return done;
  }

  private async showFailure(failure: Failure, facts?: IReportFacts): Promise<void> {
    await this.parts.dialogs.ask(close => (
      <FailureDialog failure={failure} onCopy={() => void this.copyReport(failure, facts)} onClose={close} />
    ));
  }
}
