import { Button, folderIcon } from '@jupyterlab/ui-components';
import { useEffect, useState } from 'react';
import { Failure } from '../api/errors';
import type { CourseRef } from '../api/wire';
import { useTrans } from '../translation';
import { Field, Modal } from './Modal';

interface IOpenCourseDialogProps {
  /** List the sub-folders of a folder below the server's root. */
  listFolders: (path: string) => Promise<string[]>;
  onOpen: (root: string) => Promise<CourseRef | Failure>;
  onClose: (course: CourseRef | null) => void;
}

/** Ask for an existing course folder: by walking through folders, or by typing its path. */
export function OpenCourseDialog({ listFolders, onOpen, onClose }: IOpenCourseDialogProps): JSX.Element {
  const trans = useTrans();
  const [path, setPath] = useState('');
  const [folders, setFolders] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Failure | null>(null);

  useEffect(() => {
    let current = true;
    // while a path is being typed it may name nothing: then there is nothing to list
    listFolders(path).then(
      found => current && setFolders(found),
      () => current && setFolders([])
    );
    return () => {
      current = false;
    };
  }, [path, listFolders]);

  function go(to: string) {
    setPath(to);
    setRefused(null);
  }
  async function open() {
    setBusy(true);
    const opened = await onOpen(path.trim() || '.');
    setBusy(false);
    if (opened instanceof Failure) {
      setRefused(opened);
    } else {
      onClose(opened);
    }
  }
  const parent = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  return (
    <Modal
      title={trans.__('Open course folder')}
      accept={trans.__('Open course')}
      busy={busy}
      onAccept={() => void open()}
      onDismiss={() => onClose(null)}
    >
      <Field
        label={trans.__('Folder of the course')}
        hint={trans.__('The folder that holds source and nbgrader_config.py.')}
        problem={refused ? `${refused.message} ${refused.remedy}` : ''}
      >
        {ids => (
          <input
            {...ids}
            className="jp-mod-styled"
            autoFocus
            autoComplete="off"
            spellCheck={false}
            value={path}
            onChange={event => go(event.target.value)}
          />
        )}
      </Field>
      <ul className="jp-Hubgrade-folders" aria-label={trans.__('Folders')}>
        {path && !path.startsWith('/') && (
          <li>
            <Button type="button" minimal onClick={() => go(parent)}>
              {trans.__('Up one folder')}
            </Button>
          </li>
        )}
        {folders.map(folder => (
          <li key={folder}>
            <Button type="button" minimal onClick={() => go(path ? `${path.replace(/\/$/, '')}/${folder}` : folder)}>
              <folderIcon.react tag="span" width="16px" height="16px" /> {folder}
            </Button>
          </li>
        ))}
      </ul>
    </Modal>
  );
}
