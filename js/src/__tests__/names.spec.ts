import { expect, it } from 'vitest';
import { checkName } from '../names';
import { trans } from './samples';

it.each(['ps1', '06. Networks', 'Übung 3', '宿題_1', 'a-b.c', 'U\u0308bung'])('%s is a name', name => {
  expect(checkName(name, trans)).toEqual({ problem: '', suggestion: '' });
});

it.each([
  ['ps(4)', 'ps-4'],
  ['a/b', 'a-b'],
  ['../escaped', 'escaped'],
  ['.hidden', 'hidden'],
  ['a+b', 'a-b'],
  ['[3]', '3'],
  ['what?*', 'what']
])('%s is refused, and %s suggested', (name, suggestion) => {
  const found = checkName(name, trans);
  expect(found.problem).not.toBe('');
  expect(found.suggestion).toBe(suggestion);
  expect(checkName(suggestion, trans).problem).toBe('');
});

it('asks for a name when there is none', () => {
  expect(checkName('  ', trans).problem).toBe('Type a name.');
});
