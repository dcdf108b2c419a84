import type { Gate, GateFinding } from '../api/wire';
import { useTrans } from '../translation';
import { points } from '../words';
import { Chip } from './Marks';

/** Say how the release gate stands: what grading the assignment's own solution has shown. */
export function GateReport({ gate }: { gate: Gate }): JSX.Element {
  const trans = useTrans();
  const { verdict, unfinished } = gate;
  if (unfinished) {
    return (
      <>
        <p>
          <Chip tone="warning">
            <strong>{trans.__('The check itself did not finish.')}</strong> {unfinished.message} {unfinished.remedy}
          </Chip>
        </p>
        <p className="jp-Hubgrade-muted">{trans.__('That says nothing about its solution.')}</p>
      </>
    );
  }
  if (!verdict) {
    return (
      <p className="jp-Hubgrade-muted">
        {gate.mode === 'block'
          ? trans.__('Its solution is graded first; it is released only with full marks.')
          : trans.__('Its solution is graded first.')}
      </p>
    );
  }
  const failed = verdict.state === 'failed';
  return (
    <>
      <p>
        <Chip tone={failed ? 'error' : 'ok'}>
          {failed
            ? trans.__('Its solution does not pass')
            : trans.__('Its solution gets full marks: %1', points(verdict.max_score, trans))}
        </Chip>
      </p>
      {verdict.findings.length > 0 && (
        <ul className="jp-Hubgrade-results">
          {verdict.findings.map(finding => (
            <Found key={`${finding.where} ${finding.code}`} finding={finding} />
          ))}
        </ul>
      )}
      {failed && (
        <p className="jp-Hubgrade-muted">
          {trans.__('Students would meet this too. Correct it and generate again, or release it as it is.')}
        </p>
      )}
    </>
  );
}

function Found({ finding }: { finding: GateFinding }): JSX.Element {
  return (
    <li>
      <Chip tone={finding.fails ? 'error' : 'info'}>
        <strong>{finding.where}</strong>
      </Chip>{' '}
      {finding.message} <span className="jp-Hubgrade-muted">{finding.remedy}</span>
    </li>
  );
}
