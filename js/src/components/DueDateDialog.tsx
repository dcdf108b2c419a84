import { Button, HTMLSelect } from '@jupyterlab/ui-components';
import { useMemo, useState } from 'react';
import { Failure } from '../api/errors';
import type { AssignmentRow } from '../api/wire';
import { browserZone, exactTime, fromUtc, toUtc, zones } from '../dates';
import { useTrans } from '../translation';
import { Field, Modal } from './Modal';

export interface IDueDate {
  /** ISO 8601 with Z; null when there is none. */
  due_date: string | null;
}

interface IDueDateDialogProps {
  assignment: string;
  due: string | null;
  onSave: (due: IDueDate) => Promise<AssignmentRow | Failure>;
  onClose: (row: AssignmentRow | null) => void;
}

/** Ask for a due date on the clocks of a zone, and show which moment that is in UTC. */
export function DueDateDialog({ assignment, due, onSave, onClose }: IDueDateDialogProps): JSX.Element {
  const trans = useTrans();
  const [zone, setZone] = useState(browserZone);
  const start = due ? fromUtc(due, zone) : { date: '', time: '17:00' };
  const [date, setDate] = useState(start.date);
  const [time, setTime] = useState(start.time);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Failure | null>(null);
  const choices = useMemo(zones, []);
  const moment = date && time ? toUtc(date, time, zone) : null;
  const never = moment?.occurs === 'never';

  async function save(due_date: string | null) {
    setBusy(true);
    const saved = await onSave({ due_date });
    setBusy(false);
    if (saved instanceof Failure) {
      setRefused(saved);
    } else {
      onClose(saved);
    }
  }
  const problem = refused
    ? `${refused.message} ${refused.remedy}`
    : never
      ? trans.__('The clocks of %1 skip this time on that day. Choose another.', zone)
      : '';
  const hint = !moment
    ? trans.__('Choose a date and a time.')
    : moment.occurs === 'twice'
      ? trans.__('= %1; the clocks show this time twice that day, and the first counts', exactTime(moment.iso, 'UTC'))
      : trans.__('= %1', exactTime(moment.iso, 'UTC'));
  return (
    <Modal
      title={trans.__('Due date of %1', assignment)}
      accept={trans.__('Set due date')}
      disabled={!moment || never}
      busy={busy}
      onAccept={() => moment && void save(moment.iso)}
      onDismiss={() => onClose(null)}
      extra={
        due && (
          <Button type="button" className="jp-mod-styled" disabled={busy} onClick={() => void save(null)}>
            {trans.__('Remove due date')}
          </Button>
        )
      }
    >
      <div className="jp-Hubgrade-fields">
        <Field label={trans.__('Date')}>
          {ids => (
            <input {...ids} type="date" autoFocus className="jp-mod-styled" value={date}
              onChange={event => setDate(event.target.value)} />
          )}
        </Field>
        <Field label={trans.__('Time')}>
          {ids => (
            <input {...ids} type="time" className="jp-mod-styled" value={time}
              onChange={event => setTime(event.target.value)} />
          )}
        </Field>
      </div>
      <Field label={trans.__('Time zone')} hint={hint} problem={problem}>
        {ids => (
          <HTMLSelect {...ids} value={zone} options={choices} onChange={event => setZone(event.target.value)} />
        )}
      </Field>
    </Modal>
  );
}
