import { Button } from '@jupyterlab/ui-components';
import { useState } from 'react';
import { Failure } from '../api/errors';
import type { Outcome } from '../api/wire';
import { isolationSentence, outcomeTone, outcomeWord } from '../outcome';
import { useTrans } from '../translation';
import { Chip } from './Marks';
import { Modal } from './Modal';
import { useBusy } from './useBusy';

interface IOutcomeDialogProps {
  title: string;
  told: Outcome;
  /** Read what the job's log says of this submission; null when the job is forgotten. */
  readLog: (() => Promise<string | Failure>) | null;
  onCopy: (log: string) => void;
  /** Whether one click can put the submission right. */
  canRepair: boolean;
  onClose: (answer: 'repair' | null) => void;
}

/** Say what became of each notebook of a submission, what to do about it, and what the log says. */
export function OutcomeDialog(props: IOutcomeDialogProps): JSX.Element {
  const trans = useTrans();
  const { told } = props;
  const [log, setLog] = useState<string | Failure | null>(null);
  const [reading, read] = useBusy(async () => setLog(props.readLog ? await props.readLog() : null));
  const failed = told.state === 'failed';
  const isolation = isolationSentence(told.isolation, trans);
  return (
    <Modal
      title={props.title}
      accept={props.canRepair ? trans.__('Repair…') : undefined}
      dismiss={trans.__('Close')}
      onAccept={() => props.onClose('repair')}
      onDismiss={() => props.onClose(null)}
      extra={
        <>
          <Button type="button" className="jp-mod-styled" onClick={() => props.onCopy(typeof log === 'string' ? log : '')}>
            {trans.__('Copy report')}
          </Button>
          {props.readLog && log === null && (
            <Button type="button" className="jp-mod-styled" disabled={reading} onClick={read}>
              {trans.__('Show log')}
            </Button>
          )}
        </>
      }
    >
      {told.notebooks.length === 0 && (
        <>
          <p>{told.message}</p>
          {told.remedy && <p className="jp-Hubgrade-muted">{told.remedy}</p>}
        </>
      )}
      <ul className="jp-Hubgrade-outcomes">
        {told.notebooks.map(one => (
          <li key={`${one.notebook} ${one.code}`}>
            <Chip tone={failed ? 'error' : outcomeTone(one.code)}>{outcomeWord(one.code, trans)}</Chip>
            <strong>{one.notebook}</strong>
            {one.message && <p>{one.message}</p>}
            {one.remedy && <p className="jp-Hubgrade-muted">{one.remedy}</p>}
          </li>
        ))}
      </ul>
      {isolation && <p className="jp-Hubgrade-muted">{isolation}</p>}
      {log instanceof Failure && <p role="alert">{log.message}</p>}
      {typeof log === 'string' && (
        <pre className="jp-Hubgrade-log" tabIndex={0} aria-label={trans.__('Log')}>
          {log || trans.__('The log says nothing about it.')}
        </pre>
      )}
    </Modal>
  );
}
