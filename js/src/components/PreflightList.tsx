import { Button } from '@jupyterlab/ui-components';
import type { Finding, PreflightReport } from '../api/wire';
import { useTrans } from '../translation';
import { FindingItem, textOf } from './FindingItem';
import { Chip } from './Marks';

interface IPreflightListProps {
  report: PreflightReport;
  checking: boolean;
  onCheck: () => void;
  onFix: (finding: Finding) => void;
  onCopy: (text: string, said: string) => void;
}

const RANK: Finding['status'][] = ['error', 'warning', 'info'];

/** Whether the course will work: by subject, problems first; what is fine or does not apply is folded. */
export function PreflightList({ report, checking, onCheck, onFix, onCopy }: IPreflightListProps): JSX.Element {
  const trans = useTrans();
  const with_status = (status: Finding['status']) => report.findings.filter(finding => finding.status === status);
  const rank = (finding: Finding) => RANK.indexOf(finding.status);
  const open = report.findings.filter(finding => rank(finding) >= 0).sort((a, b) => rank(a) - rank(b));
  const subjects = [...new Set(open.map(finding => finding.subject))];
  const running = with_status('running');
  const names: Record<string, string> = {
    configuration: trans.__('Configuration'),
    course: trans.__('Course folder'),
    notebooks: trans.__('Notebooks'),
    exchange: trans.__('Exchange'),
    gradebook: trans.__('Gradebook'),
    grading: trans.__('Grading'),
    session: trans.__('Session'),
    formgrader: trans.__('Formgrader'),
    hub: trans.__('JupyterHub')
  };
  return (
    <>
      <div className="jp-Hubgrade-line">
        <strong role="status">{verdict()}</strong>
        <span className="jp-Hubgrade-spacer" />
        <Button className="jp-mod-styled" onClick={() => onCopy(textOf(report.findings), trans.__('Report copied'))}>
          {trans.__('Copy report')}
        </Button>
        <Button className="jp-mod-styled" aria-disabled={checking} aria-busy={checking} onClick={onCheck}>
          {trans.__('Check again')}
        </Button>
      </div>
      {subjects.map(subject => (
        <section key={subject} className="jp-Hubgrade-section" aria-label={names[subject] ?? subject}>
          <h3>{names[subject] ?? subject}</h3>
          {open.filter(finding => finding.subject === subject).map(finding => (
            <FindingItem key={finding.check_id} finding={finding} onFix={() => onFix(finding)} onCopy={onCopy} />
          ))}
        </section>
      ))}
      <div>
        {running.length > 0 && (
          <p className="jp-Hubgrade-muted">
            {checking
              ? trans._n('%1 check is still running: %2', '%1 checks are still running: %2', running.length, listed(running))
              : trans._n('%1 check could not be finished: %2', '%1 checks could not be finished: %2', running.length, listed(running))}
          </p>
        )}
        {folded(with_status('ok'), n => trans._n('%1 check is fine', '%1 checks are fine', n))}
        {folded(with_status('skipped'), n => trans._n('%1 check does not apply here', '%1 checks do not apply here', n))}
      </div>
    </>
  );

  function verdict(): string {
    const { errors, warnings } = report;
    if (errors + warnings === 0) {
      return running.length > 0 && checking
        ? trans.__('Nothing wrong so far')
        : trans.__('Everything that was checked works');
    }
    return [
      errors > 0 && trans._n('%1 problem', '%1 problems', errors),
      warnings > 0 && trans._n('%1 warning', '%1 warnings', warnings)
    ]
      .filter(Boolean)
      .join(' · ');
  }

  function folded(findings: Finding[], title: (count: number) => string): JSX.Element | null {
    if (findings.length === 0) {
      return null;
    }
    return (
      <details className="jp-Hubgrade-section">
        <summary>{title(findings.length)}</summary>
        <ul className="jp-Hubgrade-list">
          {findings.map(({ check_id, status, title, message }) => (
            <li key={check_id} className="jp-Hubgrade-finding">
              <Chip tone={status === 'ok' ? 'ok' : 'none'}>{title}</Chip>{' '}
              {message !== `${title}.` && <span className="jp-Hubgrade-muted">{message}</span>}
            </li>
          ))}
        </ul>
      </details>
    );
  }
}

/** Name the first few of many. */
function listed(findings: Finding[]): string {
  const shown = findings.slice(0, 3).map(finding => finding.title);
  return findings.length > shown.length ? `${shown.join('; ')}; …` : shown.join('; ');
}
