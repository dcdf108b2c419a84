import { Button } from '@jupyterlab/ui-components';
import type { AssignmentRow } from '../api/wire';
import { type INotice, noticesOf } from '../notices';
import { useTrans } from '../translation';
import { Chip } from './Marks';
import { useBusy } from './useBusy';

interface INoticesProps {
  row: AssignmentRow;
  /** Whether a job works on the assignment: it may be the check. */
  running: boolean;
  /** Whether there is room for facts only; the rest is on hover. */
  brief?: boolean;
  onCheck: () => Promise<unknown>;
  onWhole: () => void;
}

/** What is to be said about an assignment as a whole, a line each; nothing when all is well. */
export function Notices({ row, running, brief, onCheck, onWhole }: INoticesProps): JSX.Element | null {
  const trans = useTrans();
  const [busy, check] = useBusy(onCheck);
  const name = row.assignment_id;
  const notices = noticesOf(row, trans);
  if (notices.length === 0) {
    return null;
  }
  return (
    <ul className="jp-Hubgrade-notices" aria-label={trans.__('About %1', name)}>
      {notices.map(notice => (
        <li key={notice.fact} title={brief ? notice.detail : undefined}>
          <Chip tone={notice.tone}>
            {brief ? notice.fact : <strong>{notice.fact}</strong>} {!brief && notice.detail} {acts(notice)}
          </Chip>
        </li>
      ))}
    </ul>
  );

  function acts({ check: canCheck, whole }: INotice): JSX.Element | null {
    const again = trans.__('Check again');
    const all = trans.__('Show all');
    return canCheck ? (
      <span className="jp-Hubgrade-notices-acts">
        {(whole || brief) && (
          <Button minimal className="jp-Hubgrade-link" aria-label={`${all}: ${name}`} onClick={onWhole}>
            {all}
          </Button>
        )}
        {!running && (
          <Button minimal className="jp-Hubgrade-link" aria-label={`${again}: ${name}`} aria-busy={busy} aria-disabled={busy} onClick={check}>
            {again}
          </Button>
        )}
      </span>
    ) : null;
  }
}
