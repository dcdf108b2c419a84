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
  // what is in the assignments' own files, only who teaches can mend
  const forAdmin = grave && finding.subject !== 'notebooks' && !finding.check_id.startsWith('assignment.');
  return (
    <article className="jp-Hubgrade-finding jp-mod-told">
      <Chip tone={TONE[finding.status]}>{words[finding.status]}</Chip>
      <div className="jp-Hubgrade-told">
        <p className={grave ? 'jp-Hubgrade-fact' : undefined}>{finding.message || finding.title}</p>
        {finding.remedy && <p>{withCommand(finding.remedy)}</p>}
        {finding.why && <p className="jp-Hubgrade-muted">{finding.why}</p>}
        {((onFix && finding.fixable) || (onCopy && forAdmin)) && (
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
            {onCopy && forAdmin && (
              <Button
                className="jp-mod-styled jp-Hubgrade-small"
                aria-label={trans.__('Copy for admin: %1', finding.title)}
                onClick={() => onCopy(textOf([finding]), trans.__('Copied: paste it in a message to your admin'))}
              >
                {trans.__('Copy for admin')}
              </Button>
            )}
          </div>
        )}
      </div>
    </article>
  );
}

/** Show the command that a remedy ends with as one; the server writes `Run: …` or `ask … to run: …`. */
function withCommand(remedy: string): JSX.Element {
  const [, before, command] = /^(.*\brun: )(\S.*)$/is.exec(remedy) ?? [];
  return command ? <>{before}<code>{command}</code></> : <>{remedy}</>;
}

/** Write findings as plain text, for a message; the server has left every secret out. */
export function textOf(findings: Finding[]): string {
  return findings
    .map(({ check_id, status, title, message, remedy }) =>
      [`[${status}] ${check_id}: ${title}`, message, remedy].filter(Boolean).join('\n  ')
    )
    .join('\n');
}
