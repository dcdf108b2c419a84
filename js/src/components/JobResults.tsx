import type { Finding, ItemResult, JobDetail } from '../api/wire';
import { outcomeTone } from '../outcome';
import { useTrans } from '../translation';
import { FindingItem } from './FindingItem';
import { Chip } from './Marks';

interface IJobResultsProps {
  detail: JobDetail;
  /** Shows what the fix of a finding would change. */
  onFix: (finding: Finding) => void;
}

/** What became of each item of a job, failures first. */
export function JobResults({ detail, onFix }: IJobResultsProps): JSX.Element {
  const trans = useTrans();
  const { error } = detail.job;
  const failed = detail.results.filter(result => result.state === 'failed');
  const remarked = detail.results.filter(result => result.state === 'done' && result.notebooks.length > 0 && result.message);
  const cancelled = detail.results.filter(result => result.code === 'cancelled').length;
  const skipped = detail.results.filter(result => result.state === 'skipped').length - cancelled;
  const rest = detail.results.length - failed.length - remarked.length - cancelled - skipped;
  // of one item what it has to say is worth reading also when it went well
  const said = detail.results.length === 1 ? detail.results.filter(saysSomething) : [];
  return (
    <>
      {detail.findings.map(finding => (
        <FindingItem key={finding.check_id} finding={finding} onFix={() => onFix(finding)} />
      ))}
      {error && (
        <p>
          <Chip tone="error">{error.message}</Chip> {error.remedy}
        </p>
      )}
      {failed.length > 0 && (
        <ul className="jp-Hubgrade-results">
          {failed.map(result => (
            <li key={result.item}>
              <Chip tone="error">
                <strong>{result.item}</strong>
              </Chip>{' '}
              {result.message}{' '}
              <span className="jp-Hubgrade-muted">{result.remedy}</span>
            </li>
          ))}
        </ul>
      )}
      {said.length > 0 && (
        <ul className="jp-Hubgrade-results">
          {said.map(result => (
            <li key={result.item}>
              {result.message} <span className="jp-Hubgrade-muted">{result.remedy}</span>
            </li>
          ))}
        </ul>
      )}
      {remarked.length > 0 && (
        <ul className="jp-Hubgrade-results">
          {remarked.map(result => (
            <li key={result.item}>
              <Chip tone={outcomeTone(result.code)}>
                <strong>{result.item}</strong>
              </Chip>{' '}
              {result.message}{' '}
              <span className="jp-Hubgrade-muted">{result.remedy}</span>
            </li>
          ))}
        </ul>
      )}
      {detail.job.summary && <p>{detail.job.summary}</p>}
      {rest > 0 && <p className="jp-Hubgrade-muted">{trans._n('%1 went well', '%1 went well', rest)}</p>}
      {skipped > 0 && (
        <p className="jp-Hubgrade-muted">{trans._n('%1 had nothing to be done', '%1 had nothing to be done', skipped)}</p>
      )}
      {cancelled > 0 && (
        <p className="jp-Hubgrade-muted">
          {trans._n('%1 was not done any more, and remains', '%1 were not done any more, and remain', cancelled)}
        </p>
      )}
    </>
  );
}

/** Say whether a result that went well has a remark of its own, beside those on notebooks. */
function saysSomething({ state, code, message, notebooks }: ItemResult): boolean {
  return state !== 'failed' && code !== 'cancelled' && message !== '' && notebooks.length === 0;
}
