/** Say that a job has ended, with its result and a link to it. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { Job } from '../api/wire';
import type { Model } from '../model';
import { exactTime } from '../dates';
import { IHubgrade } from '../tokens';
import { isHeldBack, jobResult, verbName } from '../words';

export const toastsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'hubgrade-ext:toasts',
  description: 'Says when a job has ended.',
  autoStart: true,
  requires: [IHubgrade],
  activate: (_app: JupyterFrontEnd, hubgrade: IHubgrade) => {
    hubgrade.tracker.ended.connect((_, job) => void announce(hubgrade, job));
  }
};

async function announce({ acts, model, opener, trans }: IHubgrade, job: Job): Promise<void> {
  const { course_key } = job;
  const { assignment_id, verb } = job.request;
  const text = `${verbName(verb, trans)} ${assignment_id}: ${jobResult(job, trans)}${submittedAt(job)}`;
  const generated = verb === 'generate_assignment' && job.state === 'done' && job.failed === 0;
  const held = generated && (await isReleaseHeldBack(model, course_key, assignment_id));
  if (held || job.error?.code === 'gate_failed' || job.error?.code === 'check_unfinished') {
    // planned anew, the dialog shows every finding and asks for the second word
    opener.notify(text, job.error ? 'error' : 'warning', {
      label: trans.__('Show why'),
      run: () => void acts.run(course_key, { verb: 'release_assignment', assignment_id })
    });
    return;
  }
  opener.notify(text, toneOf(job), {
    label: trans.__('Show'),
    run: () => opener.coursePage({ course_key, ...placeOf(job) })
  });
}

/** Say when a submission was made, exactly: a student may have to show it. */
function submittedAt({ request, state, ended_at }: Job): string {
  return request.verb === 'submit' && state === 'done' && ended_at ? `, ${exactTime(ended_at)}` : '';
}

async function isReleaseHeldBack(model: Model, course: string, assignment_id: string): Promise<boolean> {
  try {
    return isHeldBack(await model.client.planJob(course, { verb: 'release_assignment', assignment_id }));
  } catch {
    // the release itself will say what is wrong
    return false;
  }
}

function toneOf(job: Job): 'success' | 'warning' | 'error' | 'info' {
  if (job.state === 'failed') {
    return 'error';
  }
  if (job.state === 'cancelled') {
    return 'info';
  }
  return job.failed > 0 ? 'warning' : 'success';
}

/** Where the result of a job is seen best: what failed among the submissions, else in the history. */
function placeOf(job: Job) {
  const perStudent = job.request.verb === 'collect' || job.request.verb === 'autograde';
  if (perStudent && job.state === 'done') {
    return {
      tab: 'submissions' as const,
      assignment_id: job.request.assignment_id,
      show: job.failed > 0 ? ('failed' as const) : ('all' as const)
    };
  }
  return { tab: 'history' as const, job_id: job.job_id };
}
