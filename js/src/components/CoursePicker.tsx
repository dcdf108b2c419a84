import { HTMLSelect } from '@jupyterlab/ui-components';
import { useId } from 'react';
import type { CourseRef } from '../api/wire';
import { useTrans } from '../translation';

interface ICoursePickerProps {
  courses: CourseRef[];
  value: string | null;
  /** Whether courses can be added here; a student who teaches nothing is not asked. */
  canAdd: boolean;
  onPick: (key: string) => void;
  onOpen: () => void;
  onCreate: () => void;
}

const OPEN = ':open';
const CREATE = ':create';

/** Choose a course, or add one. */
export function CoursePicker(props: ICoursePickerProps): JSX.Element {
  const { courses, value, canAdd, onPick, onOpen, onCreate } = props;
  const trans = useTrans();
  const id = useId();
  const twice = (course: CourseRef) =>
    courses.filter(other => other.course_id === course.course_id).length > 1;
  const pick = (key: string) => {
    if (key === OPEN) {
      onOpen();
    } else if (key === CREATE) {
      onCreate();
    } else {
      onPick(key);
    }
  };
  return (
    <div className="jp-Hubgrade-picker">
      <label htmlFor={id}>{trans.__('Course')}</label>
      <HTMLSelect id={id} value={value ?? ''} onChange={event => pick(event.target.value)}>
        {value === null && <option value="">{trans.__('Choose')}</option>}
        {courses.map(course => (
          <option key={course.course_key} value={course.course_key}>
            {/* two courses of one name are told apart by their folders */}
            {twice(course) && course.root ? `${course.course_id} (${course.root})` : course.course_id}
          </option>
        ))}
        {canAdd && (
          <>
            <hr />
            <option value={OPEN}>{trans.__('Open course folder…')}</option>
            <option value={CREATE}>{trans.__('New course…')}</option>
          </>
        )}
      </HTMLSelect>
    </div>
  );
}
