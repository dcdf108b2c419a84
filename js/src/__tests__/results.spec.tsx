import { cleanup, render } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import type { ItemResult } from '../api/wire';
import { JobResults } from '../components/JobResults';
import { job } from './samples';

afterEach(cleanup);

function result(item: string, change: Partial<ItemResult> = {}): ItemResult {
  return {
    item, state: 'done', code: 'graded', message: '', remedy: '', isolation: 'namespaces', notebooks: [], kept: false,
    ...change
  };
}

function cancelled(item: string): ItemResult {
  return result(item, { state: 'skipped', code: 'cancelled', message: 'Cancelled before it ran.', isolation: '' });
}

function shown(...results: ItemResult[]): string {
  const detail = { job: job({ state: 'cancelled' }), results, findings: [] };
  return render(<JobResults detail={detail} onFix={() => {}} />).container.textContent ?? '';
}

describe('what a cancelled job leaves', () => {
  it('remains, and is not counted to what went well', () => {
    const said = shown(
      result('ada'), result('bob', { state: 'failed', code: 'kernel_died', message: 'It died.' }),
      cancelled('cid'), cancelled('dan'), cancelled('eve')
    );
    expect(said).toContain('1 went well');
    expect(said).toContain('3 were not done any more, and remain');
    expect(said).toContain('bob It died.');
  });
  it('is said of a single one without its sentence twice', () => {
    expect(shown(cancelled('cid'))).toBe('1 was not done any more, and remains');
  });
});
