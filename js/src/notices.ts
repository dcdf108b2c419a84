/** What is to be said about an assignment as a whole, beside its next step. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { AssignmentRow, Gate } from './api/wire';
import type { Tone } from './outcome';

export interface INotice {
  tone: Tone;
  /** What is the case, in one sentence. */
  fact: string;
  /** Where, and what to do; may be empty. */
  detail: string;
  /** Whether the check of the solution can be run again, and seen in full. */
  check: boolean;
  whole: boolean;
}

/** List what the reader of an assignment's row should know; an empty list when all is well. */
export function noticesOf(row: AssignmentRow, trans: TranslationBundle): INotice[] {
  const notices: INotice[] = [];
  if (row.problem) {
    const { message, remedy } = row.problem;
    notices.push({ tone: 'error', fact: message, detail: remedy, check: false, whole: false });
  }
  const stale = staleRelease(row, trans);
  if (stale) {
    notices.push({ tone: 'warning', ...stale, check: false, whole: false });
  }
  const gate = row.gate && gateNotice(row.gate, trans);
  return gate ? [...notices, gate] : notices;
}

/** Say that students have something else than what is in the course now. */
function staleRelease(row: AssignmentRow, trans: TranslationBundle): Pick<INotice, 'fact' | 'detail'> | null {
  if (row.released.state === 'none') {
    return null;
  }
  if (row.generated.state === 'outdated') {
    return {
      fact: trans.__('Its source has changed since the release.'),
      detail: trans.__('Students get the earlier version until you generate and release it again.')
    };
  }
  if (row.released.state === 'outdated') {
    return {
      fact: trans.__('It was generated again since the release.'),
      detail: trans.__('Students get the earlier version until you release it again.')
    };
  }
  return null;
}

function gateNotice({ mode, verdict, unfinished }: Gate, trans: TranslationBundle): INotice | null {
  if (unfinished) {
    const detail = [unfinished.message, unfinished.remedy].filter(Boolean).join(' ');
    return { tone: 'warning', fact: trans.__('The check itself did not finish.'), detail, check: true, whole: false };
  }
  const faults = verdict?.state === 'failed' ? verdict.findings.filter(finding => finding.fails) : [];
  if (!verdict || faults.length === 0) {
    return null;
  }
  const { where, message, remedy } = faults[0];
  return {
    tone: mode === 'block' ? 'error' : 'warning',
    fact: trans._n('Its solution does not pass: %1 fault.', 'Its solution does not pass: %1 faults.', faults.length),
    detail: `${where}: ${message} ${remedy}`.trim(),
    check: true,
    whole: verdict.findings.length > 1
  };
}
