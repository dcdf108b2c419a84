import { Button } from '@jupyterlab/ui-components';
import type { Finding, PreflightReport } from '../api/wire';
import type { Tone } from '../outcome';
import { useTrans } from '../translation';
import { Chip } from './Marks';

interface IPreflightListProps {
  report: PreflightReport;
  checking: boolean;
  onCheck: () => void;
  onCopy: (text: string, said: string) => void;
}

const TONE: Record<Finding['status'], Tone> = {
  ok: 'ok', info: 'info', warning: 'warning', error: 'error', skipped: 'none'
};
const RANK: Finding['status'][] = ['error', 'warning', 'info', 'skipped', 'ok'];

/** Whether the course will work: by subject, problems first, what is fine folded. */
export function PreflightList({ report, checking, onCheck, onCopy }: IPreflightListProps): JSX.Element {
  const trans = useTrans();
  const words: Record<Finding['status'], string> = {
    ok: trans.__('Fine'),
    info: trans.__('Note'),
    warning: trans.__('Warning'),
    error: trans.__('Problem'),
    skipped: trans.__('Not checked')
  };
  const open = report.findings.filter(finding => finding.status !== 'ok');
  const fine = report.findings.filter(finding => finding.status === 'ok');
  const rank = (finding: Finding) => RANK.indexOf(finding.status);
  const sorted = [...open].sort((a, b) => rank(a) - rank(b));
  const subjects = [...new Set(sorted.map(finding => finding.subject))];
  return (
    <div className="jp-Hubgrade-column">
      <div className="jp-Hubgrade-line">
        <strong>
          {report.errors + report.warnings === 0
            ? trans.__('Everything that was checked works')
            : [
                report.errors > 0 && trans._n('%1 problem', '%1 problems', report.errors),
                report.warnings > 0 && trans._n('%1 warning', '%1 warnings', report.warnings)
              ]
                .filter(Boolean)
                .join(' · ')}
        </strong>
        <span className="jp-Hubgrade-spacer" />
        <Button className="jp-mod-styled" onClick={() => onCopy(textOf(report.findings), trans.__('Report copied'))}>
          {trans.__('Copy report')}
        </Button>
        <Button className="jp-mod-styled" aria-disabled={checking} aria-busy={checking} onClick={onCheck}>
          {trans.__('Check again')}
        </Button>
      </div>
      {subjects.map(subject => (
        <section key={subject} className="jp-Hubgrade-section" aria-label={subject}>
          <h3>{subject}</h3>
          {sorted.filter(finding => finding.subject === subject).map(finding => (
            <article key={finding.check_id} className="jp-Hubgrade-finding">
              <div className="jp-Hubgrade-line">
                <Chip tone={TONE[finding.status]}>{words[finding.status]}</Chip>
                <strong>{finding.message || finding.title}</strong>
              </div>
              {finding.why && <p className="jp-Hubgrade-muted">{finding.why}</p>}
              {finding.remedy && <p>{finding.remedy}</p>}
              {(finding.status === 'error' || finding.status === 'warning') && (
                <Button
                  className="jp-mod-styled jp-Hubgrade-small"
                  onClick={() => onCopy(textOf([finding]), trans.__('Copied: paste it in a message to your admin'))}
                >
                  {trans.__('Send to admin')}
                </Button>
              )}
            </article>
          ))}
        </section>
      ))}
      {fine.length > 0 && (
        <details className="jp-Hubgrade-section">
          <summary>{trans._n('%1 check is fine', '%1 checks are fine', fine.length)}</summary>
          <ul className="jp-Hubgrade-list">
            {fine.map(finding => (
              <li key={finding.check_id} className="jp-Hubgrade-finding">
                <Chip tone="ok">{finding.title}</Chip>{' '}
                <span className="jp-Hubgrade-muted">{finding.message}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function textOf(findings: Finding[]): string {
  return findings
    .map(({ check_id, status, title, message, remedy }) =>
      [`[${status}] ${check_id}: ${title}`, message, remedy].filter(Boolean).join('\n  ')
    )
    .join('\n');
}
