import { Button } from '@jupyterlab/ui-components';
import type { AssignmentRow, Verb } from '../api/wire';
import { AssignmentsTable, type IRowActions } from '../components/AssignmentsTable';
import { Empty, Faces } from '../components/Faces';
import type { ICellAction } from '../components/StepCell';
import { useActiveJobs, useAssignments, useHubgrade, useNow } from '../hooks';
import { assignmentMenu } from './menus';

interface IAssignmentsTabProps {
  course: string;
  onOpen: (assignment: string) => void;
}

/** All assignments of a course, their steps side by side. */
export function AssignmentsTab({ course, onOpen }: IAssignmentsTabProps): JSX.Element {
  const hubgrade = useHubgrade();
  const { acts, trans } = hubgrade;
  const now = useNow();
  const page = useAssignments(course);
  const jobs = useActiveJobs(course);
  const names = (page.data?.assignments ?? []).map(row => row.assignment_id);
  const create = () => void acts.createAssignment(course, names);

  function actionsOf(row: AssignmentRow): IRowActions {
    const { assignment_id } = row;
    const run = (verb: Verb, scope: 'remaining' | 'all' = 'remaining') => () =>
      void acts.run(course, { verb, assignment_id, scope });
    const counted = (verb: Verb, some: string, remaining: number, total: number): ICellAction[] => [
      ...(remaining > 0 ? [{ label: some, run: run(verb) }] : []),
      ...(total > 0 ? [{ label: trans.__('All %1…', total), run: run(verb, 'all') }] : [])
    ];
    const { collected, autograded, manual, feedback_generated, feedback_released } = row;
    const generated = row.generated.state !== 'none';
    const released = row.released.state !== 'none';
    return {
      generated: row.has_source
        ? [
            {
              label: generated ? trans.__('Generate again…') : trans.__('Generate'),
              run: run('generate_assignment', generated ? 'all' : 'remaining')
            },
            ...(generated
              ? [{ label: trans.__('Preview'), run: () => void acts.preview(course, assignment_id) }]
              : [])
          ]
        : [],
      released: generated
        ? [
            {
              label: released ? trans.__('Release again…') : trans.__('Release'),
              run: run('release_assignment', released ? 'all' : 'remaining')
            },
            ...(released ? [{ label: trans.__('Unrelease…'), run: run('unrelease') }] : [])
          ]
        : [],
      collected: counted('collect', trans.__('Collect %1 new', collected.remaining), collected.remaining, collected.total),
      autograded: counted('autograde', trans.__('Autograde %1', autograded.remaining), autograded.remaining, autograded.total),
      manual:
        manual.remaining > 0
          ? [
              {
                label: trans.__('Grade %1', manual.remaining),
                run: () => void acts.openFormgrader(course, { assignment_id })
              }
            ]
          : [],
      feedback_generated: counted(
        'generate_feedback', trans.__('Generate %1', feedback_generated.remaining),
        feedback_generated.remaining, feedback_generated.total
      ),
      feedback_released: counted(
        'release_feedback', trans.__('Release %1', feedback_released.remaining),
        feedback_released.remaining, feedback_released.total
      )
    };
  }

  return (
    <>
      <div className="jp-Hubgrade-toolbar">
        <Button className="jp-mod-styled" onClick={create}>
          {trans.__('New assignment…')}
        </Button>
        <Button className="jp-mod-styled" onClick={() => void acts.openFormgrader(course)}>
          {trans.__('Open formgrader ↗')}
        </Button>
      </div>
      <Faces
        data={page.data}
        error={page.error}
        rows={6}
        onRetry={() => void page.refetch()}
        onCopy={failure => void acts.copyReport(failure)}
      >
        {({ assignments, students }) =>
          assignments.length === 0 ? (
            <Empty title={trans.__('No assignments yet')} action={{ label: trans.__('Create assignment'), run: create }}>
              {trans.__('An assignment begins with a notebook in its source folder.')}
            </Empty>
          ) : (
            <AssignmentsTable
              rows={assignments}
              students={students}
              now={now}
              jobOf={row => jobs.find(job => job.request.assignment_id === row.assignment_id)}
              actionsOf={actionsOf}
              menuOf={row => assignmentMenu(hubgrade, course, row)}
              onOpen={row => onOpen(row.assignment_id)}
              onStep={row => acts.nextStep(course, row)}
              onEditDue={row => void acts.editDueDate(course, row)}
              onCheck={row => acts.check(course, row.assignment_id)}
              onGate={row => void acts.showGate(course, row)}
            />
          )
        }
      </Faces>
    </>
  );
}
