import { Button } from '@jupyterlab/ui-components';
import type { Finding } from '../api/wire';
import type { Tone } from '../outcome';
import { useTrans } from '../translation';
import { Chip } from './Marks';

interface IFindingItemProps {
  finding: Finding;
  /** Shows what a fix would change; without it none is offered. */
  onFix?: () => void;
  onCopy?: (text: string, said: string) => void;
}

const TONE: Record<Finding['status'], Tone> = {
  ok: 'ok', info: 'info', warning: 'warning', error: 'error', skipped: 'none', running: 'none'
};

/** One thing that does not hold: the fact, what to do, why it matters, and what can be clicked. */
export function FindingItem({ finding, onFix, onCopy }: IFindingItemProps): JSX.Element {
  const trans = useTrans();
  const words: Record<Finding['status'], string> = {
    ok: trans.__('Fine'),
    info: trans.__('Note'),
    warning: trans.__('Warning'),
    error: trans.__('Problem'),
    skipped: trans.__('Not checked'),
    running: trans.__('Checking')
  };
  const grave = finding.status === 'error' || finding.status === 'warning';
  return (
    <article className="jp-Hubgrade-finding jp-mod-told">
      <Chip tone={TONE[finding.status]}>{words[finding.status]}</Chip>
      <div className="jp-Hubgrade-told">
        <p className={grave ? 'jp-Hubgrade-fact' : undefined}>{finding.message || finding.title}</p>
        {finding.remedy && <p>{finding.remedy}</p>}
        {finding.why && <p className="jp-Hubgrade-muted">{finding.why}</p>}
        {((onFix && finding.fixable) || (onCopy && grave)) && (
          <div className="jp-Hubgrade-buttons">
            {onFix && finding.fixable && (
              <Button
                className="jp-mod-styled jp-Hubgrade-small"
                aria-label={trans.__('Show fix: %1', finding.title)}
                onClick={onFix}
              >
                {trans.__('Show fix…')}
              </Button>
            )}
            {onCopy && grave && (
              <Button
                className="jp-mod-styled jp-Hubgrade-small"
                aria-label={trans.__('Send to admin: %1', finding.title)}
                onClick={() => onCopy(textOf([finding]), trans.__('Copied: paste it in a message to your admin'))}
              >
                {trans.__('Send to admin')}
              </Button>
            )}
          </div>
        )}
      </div>
    </article>
  );
}

/** Write findings as plain text, for a message; the server has left every secret out. */
export function textOf(findings: Finding[]): string {
  return findings
    .map(({ check_id, status, title, message, remedy }) =>
      [`[${status}] ${check_id}: ${title}`, message, remedy].filter(Boolean).join('\n  ')
    )
    .join('\n');
}
