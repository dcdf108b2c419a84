import { Button } from '@jupyterlab/ui-components';
import type { AssignmentRow, CourseRef } from '../api/wire';
import { AssignmentItem } from '../components/AssignmentItem';
import { Empty, Faces } from '../components/Faces';
import { PreflightBadge } from '../components/PreflightBadge';
import { useActiveJobs, useAssignments, useHubgrade, useNow, usePreflight } from '../hooks';
import { JobsUnderWay } from './JobsUnderWay';
import { assignmentMenu } from './menus';

/** A course in the side panel, as its instructor works on it. */
export function InstructorPanel({ course }: { course: CourseRef }): JSX.Element {
  const hubgrade = useHubgrade();
  const { acts, opener, trans } = hubgrade;
  const key = course.course_key;
  const now = useNow();
  const page = useAssignments(key);
  const preflight = usePreflight(key);
  const jobs = useActiveJobs(key);
  const create = () => void acts.createAssignment(key, (page.data?.assignments ?? []).map(row => row.assignment_id));
  const show = (row: AssignmentRow) =>
    opener.coursePage({ course_key: key, tab: 'submissions', assignment_id: row.assignment_id });

  return (
    <>
      <PreflightBadge
        report={preflight.data}
        failed={preflight.isError}
        onOpen={() => opener.coursePage({ course_key: key, tab: 'preflight' })}
      />
      <JobsUnderWay
        course={key}
        onShow={job => opener.coursePage({ course_key: key, tab: 'history', job_id: job.job_id })}
      />
      <section className="jp-Hubgrade-section jp-mod-grow" aria-label={trans.__('Assignments')}>
        <div className="jp-Hubgrade-line">
          <h3>{trans.__('Assignments')}</h3>
          <Button className="jp-mod-styled jp-Hubgrade-small" onClick={create}>
            {trans.__('New…')}
          </Button>
        </div>
        <Faces
          data={page.data}
          error={page.error}
          onRetry={() => void page.refetch()}
          onCopy={failure => void acts.copyReport(failure)}
        >
          {({ assignments, students }) =>
            assignments.length === 0 ? (
              <Empty
                title={trans.__('No assignments yet')}
                action={{ label: trans.__('Create assignment'), run: create }}
              >
                {trans.__('An assignment begins with a notebook in its source folder.')}
              </Empty>
            ) : (
              <ul className="jp-Hubgrade-list">
                {assignments.map(row => (
                  <AssignmentItem
                    key={row.assignment_id}
                    row={row}
                    students={students}
                    now={now}
                    job={jobs.find(job => job.request.assignment_id === row.assignment_id)}
                    menu={assignmentMenu(hubgrade, key, row)}
                    onOpen={() => show(row)}
                    onStep={() => acts.nextStep(key, row)}
                    onProblem={problem => void acts.showProblem(problem)}
                    onCheck={() => acts.check(key, row.assignment_id)}
                    onGate={() => void acts.showGate(key, row)}
                  />
                ))}
              </ul>
            )
          }
        </Faces>
      </section>
      <footer className="jp-Hubgrade-footer">
        <Button minimal className="jp-Hubgrade-link" onClick={() => opener.coursePage({ course_key: key })}>
          {trans.__('Open course page')}
        </Button>
        <Button minimal className="jp-Hubgrade-link" onClick={() => void acts.openFormgrader(key)}>
          {trans.__('Formgrader ↗')}
        </Button>
      </footer>
    </>
  );
}
