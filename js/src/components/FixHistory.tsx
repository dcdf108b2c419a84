import { Button } from '@jupyterlab/ui-components';
import type { FixRecord } from '../api/wire';
import { useTrans } from '../translation';
import { FixChanges } from './FixChanges';
import { Time } from './Marks';
import { useBusy } from './useBusy';

interface IFixHistoryProps {
  fixes: FixRecord[];
  now: number;
  onUndo: (record: FixRecord) => Promise<void>;
}

/** The fixes that were carried out, newest first; each can be undone once. */
export function FixHistory({ fixes, now, onUndo }: IFixHistoryProps): JSX.Element | null {
  const trans = useTrans();
  if (fixes.length === 0) {
    return null;
  }
  return (
    <section className="jp-Hubgrade-section" aria-label={trans.__('Fixes')}>
      <h3>{trans.__('Fixes')}</h3>
      <ul className="jp-Hubgrade-list">
        {fixes.map(record => (
          <FixItem key={record.record_id} record={record} now={now} onUndo={() => onUndo(record)} />
        ))}
      </ul>
    </section>
  );
}

interface IFixItemProps {
  record: FixRecord;
  now: number;
  onUndo: () => Promise<void>;
}

function FixItem({ record, now, onUndo }: IFixItemProps): JSX.Element {
  const trans = useTrans();
  const [busy, undo] = useBusy(onUndo);
  return (
    <li className="jp-Hubgrade-fix">
      <details>
        <summary>
          {record.title}{' '}
          <span className="jp-Hubgrade-muted">
            {record.by} · <Time iso={record.at} now={now} />
            {record.undone_at && <> · {trans.__('undone')}</>}
          </span>
        </summary>
        <FixChanges changes={record.changes} />
      </details>
      {record.reversible && !record.undone_at && (
        <Button
          className="jp-mod-styled jp-Hubgrade-small"
          aria-label={trans.__('Undo: %1', record.title)}
          aria-disabled={busy}
          aria-busy={busy}
          onClick={undo}
        >
          {trans.__('Undo')}
        </Button>
      )}
    </li>
  );
}
