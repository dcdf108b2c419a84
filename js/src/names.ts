/** Names of assignments and courses, checked while they are typed; the server decides. */
import type { TranslationBundle } from '@jupyterlab/translation';

export interface INameCheck {
  /** Why the name cannot be used; empty when it can. */
  problem: string;
  /** A name near it that can be used; empty when there is none. */
  suggestion: string;
}

const GOOD: INameCheck = { problem: '', suggestion: '' };
const REFUSED = /[^\p{L}\p{M}\p{N} _.-]/gu;

/** Check a name: letters and digits of any script, space, and _ - . are allowed. */
export function checkName(name: string, trans: TranslationBundle): INameCheck {
  const trimmed = name.normalize('NFC').trim();
  if (!trimmed) {
    return { problem: trans.__('Type a name.'), suggestion: '' };
  }
  const suggestion = suggest(trimmed);
  const bad = [...new Set(trimmed.match(REFUSED) ?? [])];
  if (bad.length > 0) {
    return { problem: trans.__('These characters cannot be used: %1', bad.join(' ')), suggestion };
  }
  if (trimmed.startsWith('.')) {
    return { problem: trans.__('A name cannot begin with a full stop.'), suggestion };
  }
  return GOOD;
}

function suggest(name: string): string {
  return name
    .replace(REFUSED, '-')
    .replace(/-{2,}/g, '-')
    .replace(/^[\s.-]+|[\s-]+$/g, '');
}
