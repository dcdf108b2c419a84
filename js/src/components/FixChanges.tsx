import type { FixPlan } from '../api/wire';
import { useTrans } from '../translation';

/** How many changes are shown before the others are folded. */
const SHOWN = 10;

/** The changes of a fix, each with the command it equals or the lines that change. */
export function FixChanges({ changes }: { changes: FixPlan['changes'] }): JSX.Element {
  const trans = useTrans();
  const rest = changes.slice(SHOWN);
  const item = (change: FixPlan['changes'][number], index: number) => (
    <li key={index}>
      {change.what}
      {change.detail && (
        <pre className="jp-Hubgrade-change" tabIndex={0} aria-label={trans.__('Exact change')}>
          {change.detail.split('\n').map((line, number) => (
            <span key={number} className={toneOf(line)}>{`${line}\n`}</span>
          ))}
        </pre>
      )}
    </li>
  );
  return (
    <>
      <ol className="jp-Hubgrade-changes">{changes.slice(0, SHOWN).map(item)}</ol>
      {rest.length > 0 && (
        <details>
          <summary>{trans._n('%1 more', '%1 more', rest.length)}</summary>
          <ol className="jp-Hubgrade-changes" start={SHOWN + 1}>{rest.map(item)}</ol>
        </details>
      )}
    </>
  );
}

/** Tell a line that comes from one that goes; their signs tell it too. */
function toneOf(line: string): string | undefined {
  if (line.startsWith('+')) {
    return 'jp-mod-added';
  }
  return line.startsWith('-') ? 'jp-mod-removed' : undefined;
}
