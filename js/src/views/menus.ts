/** What can be done with an assignment beside its next step, as lines of a menu. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { AssignmentRow, Verb } from '../api/wire';
import type { IMenuLine } from '../components/MenuButton';
import type { IHubgrade } from '../tokens';

/** A step that is done once for each submission, and how much of it is left. */
interface ICountedStep {
  verb: Verb;
  some: string;
  every: string;
  remaining: number;
  total: number;
}

/** List the steps that are counted, in the order of the work. */
export function countedSteps(row: AssignmentRow, trans: TranslationBundle): ICountedStep[] {
  const { collected, autograded, feedback_generated, feedback_released } = row;
  return [
    {
      verb: 'collect',
      some: trans.__('Collect %1 new', collected.remaining),
      every: trans.__('Collect all %1…', collected.total),
      ...collected
    },
    {
      verb: 'autograde',
      some: trans.__('Autograde %1', autograded.remaining),
      every: trans.__('Autograde all %1…', autograded.total),
      ...autograded
    },
    {
      verb: 'generate_feedback',
      some: trans.__('Generate feedback %1', feedback_generated.remaining),
      every: trans.__('Generate feedback for all %1…', feedback_generated.total),
      ...feedback_generated
    },
    {
      verb: 'release_feedback',
      some: trans.__('Release feedback %1', feedback_released.remaining),
      every: trans.__('Release feedback to all %1…', feedback_released.total),
      ...feedback_released
    }
  ];
}

/** Make the menu of an assignment. */
export function assignmentMenu(hubgrade: IHubgrade, course: string, row: AssignmentRow): IMenuLine[] {
  const { acts, opener, trans } = hubgrade;
  const { assignment_id, server_path } = row;
  const run = (verb: Verb, scope: 'remaining' | 'all' = 'remaining') => () =>
    void acts.run(course, { verb, assignment_id, scope });
  const generated = row.generated.state !== 'none';
  const released = row.released.state !== 'none';
  const counted = countedSteps(row, trans).flatMap(step => [
    ...(step.remaining > 0 ? [{ label: step.some, run: run(step.verb) }] : []),
    ...(step.total > 0 ? [{ label: step.every, run: run(step.verb, 'all') }] : [])
  ]);
  return [
    {
      label: trans.__('Show submissions'),
      run: () => opener.coursePage({ course_key: course, tab: 'submissions', assignment_id })
    },
    {
      label: trans.__('Open source folder'),
      run: () => server_path && opener.folder(server_path),
      disabled: !server_path
    },
    {
      label: trans.__('Set due date…'),
      run: () => void acts.editDueDate(course, row)
    },
    { label: '' },
    {
      label: generated ? trans.__('Generate again…') : trans.__('Generate'),
      run: run('generate_assignment', generated ? 'all' : 'remaining'),
      disabled: !row.has_source
    },
    {
      label: trans.__('Preview as students get it'),
      run: () => void acts.preview(course, assignment_id),
      disabled: !generated
    },
    {
      label: trans.__('Check its solution'),
      run: run('check_assignment'),
      disabled: !generated || !row.has_source
    },
    {
      label: released ? trans.__('Release again…') : trans.__('Release'),
      run: run('release_assignment', released ? 'all' : 'remaining'),
      disabled: !generated
    },
    { label: '' },
    ...counted,
    ...(counted.length > 0 ? [{ label: '' }] : []),
    {
      label: trans.__('Open in formgrader'),
      run: () => void acts.openFormgrader(course, { assignment_id })
    },
    { label: trans.__('Unrelease…'), run: run('unrelease'), disabled: !released }
  ];
}
