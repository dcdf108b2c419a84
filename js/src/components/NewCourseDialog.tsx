import { useState } from 'react';
import { Failure } from '../api/errors';
import type { CourseRef } from '../api/wire';
import { checkName } from '../names';
import { useTrans } from '../translation';
import { Field, Modal } from './Modal';

export interface INewCourse {
  root: string;
  course_id: string;
}

interface INewCourseDialogProps {
  onCreate: (course: INewCourse) => Promise<CourseRef | Failure>;
  onClose: (course: CourseRef | null) => void;
}

/** Ask for the name and the folder of a new course. */
export function NewCourseDialog({ onCreate, onClose }: INewCourseDialogProps): JSX.Element {
  const trans = useTrans();
  const [name, setName] = useState('');
  const [folder, setFolder] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Failure | null>(null);
  const { problem } = checkName(name, trans);
  const root = folder ?? name.trim();

  async function create() {
    setBusy(true);
    const made = await onCreate({ root, course_id: name.normalize('NFC').trim() });
    setBusy(false);
    if (made instanceof Failure) {
      setRefused(made);
    } else {
      onClose(made);
    }
  }
  return (
    <Modal
      title={trans.__('New course')}
      accept={trans.__('Create course')}
      disabled={Boolean(problem) || !root}
      busy={busy}
      onAccept={() => void create()}
      onDismiss={() => onClose(null)}
    >
      <Field label={trans.__('Course name (nbgrader: course_id)')} problem={name ? problem : ''}>
        {ids => (
          <input
            {...ids}
            className="jp-mod-styled"
            autoFocus
            autoComplete="off"
            spellCheck={false}
            value={name}
            onChange={event => {
              setName(event.target.value);
              setRefused(null);
            }}
          />
        )}
      </Field>
      <Field
        label={trans.__('New folder')}
        hint={trans.__("Below the server's root folder, or an absolute path.")}
        problem={refused ? `${refused.message} ${refused.remedy}` : ''}
      >
        {ids => (
          <input
            {...ids}
            className="jp-mod-styled"
            autoComplete="off"
            spellCheck={false}
            value={root}
            onChange={event => {
              setFolder(event.target.value);
              setRefused(null);
            }}
          />
        )}
      </Field>
    </Modal>
  );
}
