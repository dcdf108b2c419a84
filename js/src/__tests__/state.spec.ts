import { describe, expect, it } from 'vitest';
import { type IPlace, placeFromQuery, placeToQuery, START, toPlace } from '../state';

describe('a place', () => {
  it.each<Partial<IPlace>>([
    {},
    { course_key: 'c1' },
    { course_key: 'c1', tab: 'submissions', assignment_id: '06. Networks/x & ü', show: 'failed', filter: 'a b=c' },
    { course_key: 'c1', tab: 'history', job_id: 'j1' }
  ])('%o survives its link', change => {
    const place = { ...START, ...change };
    expect(placeFromQuery(placeToQuery(place))).toEqual(place);
  });
  it('is not in every address', () => {
    expect(placeFromQuery('?token=x')).toBeNull();
    expect(placeFromQuery('?hubgrade')).toEqual(START);
    expect(placeFromQuery('?hubgrade=history')).toEqual({ ...START, tab: 'history' });
  });
  it('does not take nonsense', () => {
    expect(toPlace({ tab: 'nowhere', show: 3, course_key: {}, filter: null })).toEqual(START);
    expect(placeFromQuery('?hubgrade=c1/%E0%A4%A')?.course_key).toBe('c1');
  });
});
