import { Button, refreshIcon } from '@jupyterlab/ui-components';
import type { CourseRef } from '../api/wire';
import { CoursePicker } from '../components/CoursePicker';
import { Empty, Failed, Faces } from '../components/Faces';
import { MenuButton } from '../components/MenuButton';
import { Failure } from '../api/errors';
import { pickCourse, useChoice, useHubgrade, useSession } from '../hooks';
import { InstructorPanel } from './InstructorPanel';
import { StudentPanel } from './StudentPanel';

/** The side panel: which course, and what is due in it. */
export function PanelView(): JSX.Element {
  const { acts, chosen, model, opener, trans } = useHubgrade();
  const choice = useChoice();
  const session = useSession();
  const courses = session.data?.courses ?? [];
  const course = pickCourse(courses, [choice.course_key, session.data?.default_course_key]);
  const teaches = course?.roles.includes('instructor') ?? false;
  const asStudent = choice.as_student || !teaches;
  const open = () => void acts.openCourse();
  const create = () => void acts.createCourse();

  return (
    <div className="jp-Hubgrade jp-Hubgrade-panel">
      <header className="jp-Hubgrade-line">
        <h2>{trans.__('hubgrade')}</h2>
        <span className="jp-Hubgrade-spacer" />
        <Button minimal small title={trans.__('Refresh')} aria-label={trans.__('Refresh')} onClick={() => void model.refresh()}>
          <refreshIcon.react tag="span" width="16px" height="16px" />
        </Button>
        <MenuButton
          label={trans.__('More')}
          lines={[
            { label: trans.__('Open course folder…'), run: open },
            { label: trans.__('New course…'), run: create },
            { label: '' },
            {
              label: trans.__('View as student'),
              checked: choice.as_student,
              disabled: !teaches,
              run: () => chosen.set({ as_student: !choice.as_student })
            },
            {
              label: trans.__('History'),
              disabled: !teaches,
              run: () => opener.coursePage({ course_key: course?.course_key, tab: 'history' })
            },
            {
              label: trans.__('Course settings'),
              disabled: !teaches,
              run: () => opener.coursePage({ course_key: course?.course_key, tab: 'settings' })
            },
            { label: '' },
            {
              label: trans.__('Remove course from this list'),
              disabled: !course?.root,
              run: () => course && void model.forgetCourse(course.course_key)
            }
          ]}
        />
      </header>
      <Faces
        data={session.data}
        error={session.error}
        onRetry={() => void session.refetch()}
        onCopy={failure => void acts.copyReport(failure)}
      >
        {() => (
          <>
            {courses.length > 0 && (
              <CoursePicker
                courses={courses}
                value={course?.course_key ?? null}
                canAdd={courses.some(one => one.roles.includes('instructor'))}
                onPick={key => chosen.set({ course_key: key })}
                onOpen={open}
                onCreate={create}
              />
            )}
            {teaches && choice.as_student && (
              <div className="jp-Hubgrade-notice">
                {trans.__('You see what a student sees.')}
                <Button minimal className="jp-Hubgrade-link" onClick={() => chosen.set({ as_student: false })}>
                  {trans.__('Back to instructor')}
                </Button>
              </div>
            )}
            {course ? body(course) : (
              <Empty title={trans.__('No course yet')} action={{ label: trans.__('Open course folder…'), run: open }}>
                {trans.__('Open the folder of an nbgrader course, or begin a new one.')}{' '}
                <Button minimal className="jp-Hubgrade-link" onClick={create}>
                  {trans.__('New course…')}
                </Button>
              </Empty>
            )}
          </>
        )}
      </Faces>
    </div>
  );

  function body(course: CourseRef) {
    if (course.problem) {
      const failure = new Failure(course.problem);
      return <Failed failure={failure} onRetry={() => void model.refresh()} onCopy={() => void acts.copyReport(failure)} />;
    }
    // a key of its own: nothing of one course is kept for the next
    return asStudent ? (
      <StudentPanel key={course.course_key} course={course} />
    ) : (
      <InstructorPanel key={course.course_key} course={course} />
    );
  }
}
