import type { CourseRef, StudentAssignment } from '../api/wire';
import { Empty, Faces } from '../components/Faces';
import { StudentItem } from '../components/StudentItem';
import { exactTime } from '../dates';
import { useActiveJobs, useHubgrade, useNow, useStudentPage } from '../hooks';
import { JobsUnderWay } from './JobsUnderWay';

type State = StudentAssignment['state'];

const ORDER: State[] = ['fetched', 'released', 'submitted', 'graded'];

/** A course in the side panel, as its student works in it. */
export function StudentPanel({ course }: { course: CourseRef }): JSX.Element {
  const { acts, opener, trans } = useHubgrade();
  const key = course.course_key;
  const now = useNow();
  const page = useStudentPage(key);
  const jobs = useActiveJobs(key);
  const titles: Record<State, string> = {
    released: trans.__('To fetch'),
    fetched: trans.__('In work'),
    submitted: trans.__('Submitted'),
    graded: trans.__('Graded')
  };
  const open = (row: StudentAssignment) => {
    const notebook = row.notebooks.find(one => one.server_path !== null);
    if (notebook?.server_path) {
      opener.document(notebook.server_path);
    } else if (row.server_path) {
      opener.folder(row.server_path);
    }
  };
  const item = (row: StudentAssignment) => (
    <StudentItem
      key={row.assignment_id}
      row={row}
      now={now}
      job={jobs.find(job => job.request.assignment_id === row.assignment_id)}
      onFetch={() => acts.run(key, { verb: 'fetch_assignment', assignment_id: row.assignment_id })}
      onSubmit={() => acts.submit(key, row)}
      onFetchFeedback={() => acts.run(key, { verb: 'fetch_feedback', assignment_id: row.assignment_id })}
      onOpen={() => open(row)}
      onOpenFeedback={path => opener.document(path)}
      onCopyReceipt={(receipt, at) =>
        void acts.copy(receipt, trans.__('Receipt copied: %1, %2', row.assignment_id, exactTime(at)))
      }
    />
  );
  return (
    <>
      <JobsUnderWay course={key} />
      <Faces
        data={page.data}
        error={page.error}
        onRetry={() => void page.refetch()}
        onCopy={failure => void acts.copyReport(failure)}
      >
        {({ assignments }) =>
          assignments.length === 0 ? (
            <Empty title={trans.__('Nothing has been released yet')}>
              {trans.__('Assignments appear here as soon as your instructor releases them.')}
            </Empty>
          ) : (
            <>
              {ORDER.filter(state => assignments.some(row => row.state === state)).map(state => (
                <section key={state} className="jp-Hubgrade-section" aria-label={titles[state]}>
                  <h3>{titles[state]}</h3>
                  <ul className="jp-Hubgrade-list">
                    {assignments.filter(row => row.state === state).map(item)}
                  </ul>
                </section>
              ))}
            </>
          )
        }
      </Faces>
    </>
  );
}
