import { Button, HTMLSelect } from '@jupyterlab/ui-components';
import { useId } from 'react';
import { Failure } from '../api/errors';
import type { CourseRef } from '../api/wire';
import { Empty, Failed, Faces } from '../components/Faces';
import { Tabs } from '../components/Tabs';
import { pickCourse, useChoice, useHubgrade, useSession } from '../hooks';
import { type IPlace, placeToQuery, START, type Tab } from '../state';
import { AssignmentsTab } from './AssignmentsTab';
import { HistoryTab } from './HistoryTab';
import { JobsUnderWay } from './JobsUnderWay';
import { PreflightTab } from './PreflightTab';
import { SettingsTab } from './SettingsTab';
import { StudentPanel } from './StudentPanel';
import { StudentsTab } from './StudentsTab';
import { SubmissionsTab } from './SubmissionsTab';

interface IPageViewProps {
  place: IPlace;
  onGo: (place: Partial<IPlace>) => void;
  /** Make a link to a place on this page. */
  linkOf: (query: string) => string;
}

/** The course page: everything about a course, by tabs. */
export function PageView({ place, onGo, linkOf }: IPageViewProps): JSX.Element {
  const { acts, model, trans } = useHubgrade();
  const choice = useChoice();
  const session = useSession();
  const courses = session.data?.courses ?? [];
  const course = pickCourse(courses, [
    place.course_key, choice.course_key, session.data?.default_course_key
  ]);
  return (
    <div className="jp-Hubgrade jp-Hubgrade-page">
      <Faces
        data={session.data}
        error={session.error}
        onRetry={() => void session.refetch()}
        onCopy={failure => void acts.copyReport(failure)}
      >
        {() =>
          course ? (
            <>
              <header className="jp-Hubgrade-toolbar jp-mod-head">
                <h2 className={courses.length > 1 ? 'jp-Hubgrade-unseen' : undefined}>{course.course_id}</h2>
                {courses.length > 1 && (
                  <HTMLSelect
                    aria-label={trans.__('Course')}
                    value={course.course_key}
                    options={courses.map(one => ({ value: one.course_key, label: one.course_id }))}
                    onChange={event => onGo({ ...START, course_key: event.target.value, tab: place.tab })}
                  />
                )}
                <span className="jp-Hubgrade-spacer" />
                <Button
                  minimal
                  className="jp-Hubgrade-link"
                  onClick={() =>
                    void acts.copy(linkOf(placeToQuery({ ...place, course_key: course.course_key })), trans.__('Link copied'))
                  }
                >
                  {trans.__('Copy link')}
                </Button>
                <Button minimal className="jp-Hubgrade-link" onClick={() => void model.refresh(course.course_key)}>
                  {trans.__('Refresh')}
                </Button>
              </header>
              <Body key={course.course_key} course={course} place={place} onGo={onGo} />
            </>
          ) : (
            <Empty
              title={trans.__('No course yet')}
              action={{ label: trans.__('Open course folder…'), run: () => void acts.openCourse() }}
            >
              {trans.__('Open the folder of an nbgrader course, or begin a new one.')}{' '}
              <Button minimal className="jp-Hubgrade-link" onClick={() => void acts.createCourse()}>
                {trans.__('New course…')}
              </Button>
            </Empty>
          )
        }
      </Faces>
    </div>
  );
}

interface IBodyProps {
  course: CourseRef;
  place: IPlace;
  onGo: (place: Partial<IPlace>) => void;
}

function Body({ course, place, onGo }: IBodyProps): JSX.Element {
  const { acts, model, trans } = useHubgrade();
  const choice = useChoice();
  const panel = useId();
  const key = course.course_key;
  const labels: Record<Tab, string> = {
    assignments: trans.__('Assignments'),
    submissions: trans.__('Submissions'),
    students: trans.__('Students'),
    preflight: trans.__('Preflight'),
    history: trans.__('History'),
    settings: trans.__('Settings')
  };
  if (course.problem) {
    const failure = new Failure(course.problem);
    return <Failed failure={failure} onRetry={() => void model.refresh()} onCopy={() => void acts.copyReport(failure)} />;
  }
  if (choice.as_student || !course.roles.includes('instructor')) {
    return <StudentPanel course={course} />;
  }
  const go = (change: Partial<IPlace>) => onGo({ course_key: key, ...change });
  const filtered = { filter: place.filter, onFilter: (filter: string) => go({ filter }) };
  const tabs: Record<Tab, () => JSX.Element> = {
    assignments: () => (
      <AssignmentsTab course={key} onOpen={assignment_id => go({ tab: 'submissions', assignment_id, filter: '', show: 'all' })} />
    ),
    submissions: () => <SubmissionsTab course={key} place={place} onGo={go} />,
    students: () => <StudentsTab course={key} {...filtered} />,
    preflight: () => <PreflightTab course={key} />,
    history: () => <HistoryTab course={key} opened={place.job_id} onOpen={job_id => go({ job_id })} />,
    settings: () => <SettingsTab course={key} {...filtered} />
  };
  return (
    <>
      <Tabs
        label={trans.__('Course')}
        tabs={(Object.keys(labels) as Tab[]).map(id => ({ id, label: labels[id] }))}
        value={place.tab}
        panel={panel}
        onPick={tab => go({ tab, filter: '' })}
      />
      {place.tab !== 'history' && (
        <JobsUnderWay course={key} onShow={job => go({ tab: 'history', job_id: job.job_id })} />
      )}
      <div className="jp-Hubgrade-tabpanel" id={panel} role="tabpanel" aria-label={labels[place.tab]}>
        {tabs[place.tab]()}
      </div>
    </>
  );
}
