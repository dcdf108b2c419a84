import { Button } from '@jupyterlab/ui-components';
import type { Job, OwnSubmission, StudentAssignment } from '../api/wire';
import { duration, exactTime, shortTime } from '../dates';
import { useTrans } from '../translation';
import { verbName } from '../words';
import { Chip, Time } from './Marks';
import { type IMenuLine, MenuButton } from './MenuButton';
import { useBusy } from './useBusy';

interface IStudentItemProps {
  row: StudentAssignment;
  now: number;
  job?: Job;
  onFetch: () => Promise<unknown>;
  onSubmit: () => Promise<unknown>;
  onFetchFeedback: () => Promise<unknown>;
  onOpen: () => void;
  onOpenFeedback: (path: string) => void;
  onCopyReceipt: (text: string, submittedAt: string) => void;
}

/** One assignment as its student sees it: what to do next, until when, and what arrived. */
export function StudentItem(props: IStudentItemProps): JSX.Element {
  const { row, now, job } = props;
  const trans = useTrans();
  const newest = row.submissions[0];
  return (
    <li className="jp-Hubgrade-assignment">
      <div className="jp-Hubgrade-line">
        {row.fetched ? (
          <Button minimal className="jp-Hubgrade-link jp-Hubgrade-name" onClick={props.onOpen} title={trans.__('Open %1', row.assignment_id)}>
            {row.assignment_id}
          </Button>
        ) : (
          <span className="jp-Hubgrade-name">{row.assignment_id}</span>
        )}
        <span className="jp-Hubgrade-acts">
          {job ? (
            <span className="jp-Hubgrade-next jp-mod-running">{verbName(job.request.verb, trans)}</span>
          ) : (
            <StudentStep {...props} newest={newest} />
          )}
          <MenuButton label={trans.__('More for %1', row.assignment_id)} lines={menu()} />
        </span>
      </div>
      {row.due_date && (
        <div className="jp-Hubgrade-facts" title={exactTime(row.due_date)}>
          {due(row.due_date)}
        </div>
      )}
      {newest && (
        <div className="jp-Hubgrade-facts">
          <Chip tone="ok">{trans.__('Submitted')}</Chip> <Time iso={newest.submitted_at} now={now} />
          {row.submissions.length > 1 && ` · ${trans.__('attempt %1', row.submissions.length)}`}
          {newest.receipt && (
            <Button minimal className="jp-Hubgrade-link" title={trans.__('Copy the receipt')} onClick={() => props.onCopyReceipt(receiptText(newest), newest.submitted_at)}>
              {trans.__('Receipt %1', newest.receipt.code)}
            </Button>
          )}
        </div>
      )}
    </li>
  );

  function due(iso: string): string {
    const left = (Date.parse(iso) - now) / 1000;
    const when = shortTime(iso, now);
    return left >= 0
      ? trans.__('due %1 · %2 left', when, duration(left, trans))
      : trans.__('was due %1', when);
  }

  function menu(): IMenuLine[] {
    return [
      { label: row.fetched ? trans.__('Fetch missing files') : trans.__('Fetch'), run: () => void props.onFetch() },
      { label: trans.__('Open folder'), run: props.onOpen, disabled: !row.fetched },
      { label: trans.__('Submit'), run: () => void props.onSubmit(), disabled: !row.fetched },
      { label: trans.__('Fetch feedback'), run: () => void props.onFetchFeedback(), disabled: !newest || newest.feedback === 'none' }
    ];
  }
}

function StudentStep(props: IStudentItemProps & { newest?: OwnSubmission }): JSX.Element | null {
  const { row, newest } = props;
  const trans = useTrans();
  const path = newest?.feedback_paths[0];
  const id = row.assignment_id;
  if (newest?.feedback === 'fetched' && path) {
    return <Step label={trans.__('Open feedback')} name={trans.__('Open feedback on %1', id)} run={() => Promise.resolve(props.onOpenFeedback(path))} />;
  }
  if (newest?.feedback === 'available' || newest?.feedback === 'updated') {
    return <Step label={trans.__('Fetch feedback')} name={trans.__('Fetch feedback on %1', id)} run={props.onFetchFeedback} />;
  }
  if (!row.fetched) {
    return <Step label={trans.__('Fetch')} name={trans.__('Fetch %1', id)} run={props.onFetch} />;
  }
  return newest ? (
    <Step label={trans.__('Submit again')} name={trans.__('Submit again %1', id)} run={props.onSubmit} quiet />
  ) : (
    <Step label={trans.__('Submit')} name={trans.__('Submit %1', id)} run={props.onSubmit} />
  );
}

interface IStepProps {
  label: string;
  /** The label with the assignment, for who does not see the row; it begins with the label. */
  name: string;
  run: () => Promise<unknown>;
  quiet?: boolean;
}

function Step({ label, name, run, quiet }: IStepProps): JSX.Element {
  const [busy, start] = useBusy(run);
  return (
    <Button className={`jp-Hubgrade-next jp-mod-styled ${quiet ? '' : 'jp-mod-accept'}`} aria-label={name} aria-disabled={busy} aria-busy={busy} onClick={start}>
      {label}
    </Button>
  );
}

function receiptText({ receipt, submitted_at }: OwnSubmission): string {
  const files = Object.entries(receipt?.files ?? {}).map(([path, digest]) => `${digest}  ${path}`);
  return [receipt?.code ?? '', submitted_at, ...files].join('\n');
}
