import { Button } from '@jupyterlab/ui-components';
import { useState } from 'react';
import { Failure } from '../api/errors';
import type { AssignmentRow } from '../api/wire';
import { checkName } from '../names';
import { useTrans } from '../translation';
import { Field, Modal } from './Modal';

interface INewAssignmentDialogProps {
  /** Names that the course has already. */
  taken: string[];
  onCreate: (name: string) => Promise<AssignmentRow | Failure>;
  onClose: (row: AssignmentRow | null) => void;
}

/** Ask for the name of a new assignment, and check it while it is typed. */
export function NewAssignmentDialog(props: INewAssignmentDialogProps): JSX.Element {
  const trans = useTrans();
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Failure | null>(null);
  const { problem, suggestion } = check(name);
  const offered = refused?.suggestion || suggestion;

  function check(typed: string) {
    const found = checkName(typed, trans);
    const key = typed.normalize('NFC').trim().toLocaleLowerCase();
    return props.taken.some(taken => taken.toLocaleLowerCase() === key)
      ? { problem: trans.__('The course has an assignment of this name.'), suggestion: '' }
      : found;
  }
  function type(typed: string) {
    setName(typed);
    setRefused(null);
  }
  async function create() {
    setBusy(true);
    const made = await props.onCreate(name.normalize('NFC').trim());
    setBusy(false);
    if (made instanceof Failure) {
      setRefused(made);
    } else {
      props.onClose(made);
    }
  }
  const said = refused ? `${refused.message} ${refused.remedy}` : name ? problem : '';
  return (
    <Modal
      title={trans.__('New assignment')}
      accept={trans.__('Create assignment')}
      disabled={Boolean(problem)}
      busy={busy}
      onAccept={() => void create()}
      onDismiss={() => props.onClose(null)}
    >
      <Field
        label={trans.__('Name')}
        problem={said}
        hint={trans.__('Letters and digits of any script, space, _ - and full stop.')}
      >
        {ids => (
          <input
            {...ids}
            className="jp-mod-styled"
            autoFocus
            autoComplete="off"
            spellCheck={false}
            value={name}
            onChange={event => type(event.target.value)}
          />
        )}
      </Field>
      {said && offered && offered !== name && (
        <p>
          <Button type="button" className="jp-mod-styled" onClick={() => type(offered)}>
            {trans.__('Use “%1”', offered)}
          </Button>
        </p>
      )}
      <p className="jp-Hubgrade-muted">
        {trans.__('hubgrade creates its source folder with one empty notebook and opens it.')}
      </p>
    </Modal>
  );
}
