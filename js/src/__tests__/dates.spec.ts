import { describe, expect, it } from 'vitest';
import { duration, exactTime, fromUtc, relativeTime, shortTime, timeLeft, toUtc, zones } from '../dates';
import { NOW, trans } from './samples';

describe('toUtc', () => {
  it.each([
    ['2026-11-27', '17:00', 'Europe/Berlin', '2026-11-27T16:00:00Z'],
    ['2026-07-27', '17:00', 'Europe/Berlin', '2026-07-27T15:00:00Z'],
    ['2026-11-27', '17:00', 'America/New_York', '2026-11-27T22:00:00Z'],
    ['2026-11-27', '00:00', 'Asia/Kathmandu', '2026-11-26T18:15:00Z'],
    ['2026-11-27', '12:00', 'UTC', '2026-11-27T12:00:00Z'],
    ['2026-12-31', '23:59', 'Pacific/Auckland', '2026-12-31T10:59:00Z']
  ])('%s %s in %s is %s', (date, time, zone, iso) => {
    expect(toUtc(date, time, zone)).toEqual({ iso, occurs: 'once' });
  });
  it('knows that clocks skip an hour in spring', () => {
    expect(toUtc('2026-03-29', '02:30', 'Europe/Berlin').occurs).toBe('never');
    expect(toUtc('2026-03-29', '01:59', 'Europe/Berlin')).toEqual({ iso: '2026-03-29T00:59:00Z', occurs: 'once' });
    expect(toUtc('2026-03-29', '03:00', 'Europe/Berlin')).toEqual({ iso: '2026-03-29T01:00:00Z', occurs: 'once' });
    expect(toUtc('2026-03-08', '02:30', 'America/New_York').occurs).toBe('never');
  });
  it('takes the first of an hour that comes twice in autumn', () => {
    expect(toUtc('2026-10-25', '02:30', 'Europe/Berlin')).toEqual({ iso: '2026-10-25T00:30:00Z', occurs: 'twice' });
    expect(toUtc('2026-10-25', '03:00', 'Europe/Berlin')).toEqual({ iso: '2026-10-25T02:00:00Z', occurs: 'once' });
    expect(toUtc('2026-11-01', '01:30', 'America/New_York')).toEqual({ iso: '2026-11-01T05:30:00Z', occurs: 'twice' });
  });
  it('moves by half an hour where clocks do', () => {
    expect(toUtc('2026-10-04', '02:15', 'Australia/Lord_Howe').occurs).toBe('never');
    expect(toUtc('2026-04-05', '01:45', 'Australia/Lord_Howe').occurs).toBe('twice');
  });
  it('undoes fromUtc in every zone and season', () => {
    for (const zone of ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Chatham', 'UTC']) {
      for (let day = 0; day < 365; day += 7) {
        const iso = new Date(Date.UTC(2026, 0, 1 + day, 13, 45)).toISOString().replace('.000Z', 'Z');
        const { date, time } = fromUtc(iso, zone);
        expect(toUtc(date, time, zone).iso).toBe(iso);
      }
    }
  });
  it('refuses what is no date', () => {
    expect(() => toUtc('', '17:00', 'UTC')).toThrow(RangeError);
  });
});

describe('times in words', () => {
  it('names the zone', () => {
    expect(exactTime('2026-11-27T16:00:00Z', 'UTC', 'en-GB')).toBe('Fri, 27 Nov 2026, 16:00 UTC');
    expect(exactTime('2026-11-27T16:00:00Z', 'Europe/Berlin', 'en-GB')).toContain('17:00 CET');
  });
  it('is brief: weekday when near, date when far, no hour when long past', () => {
    const short = (iso: string) => shortTime(iso, NOW, 'en-GB', 'UTC');
    expect(short('2026-11-24T17:00:00Z')).toBe('Tue 17:00');
    expect(short('2026-12-24T17:00:00Z')).toBe('24 Dec, 17:00');
    expect(short('2026-10-24T17:00:00Z')).toBe('24 Oct');
    expect(short('2024-10-24T17:00:00Z')).toBe('24 Oct 2024');
  });
  it('is relative', () => {
    const ago = (iso: string) => relativeTime(iso, NOW, 'en');
    expect(ago('2026-11-22T11:59:40Z')).toBe('this minute');
    expect(ago('2026-11-22T11:55:00Z')).toBe('5 minutes ago');
    expect(ago('2026-11-22T09:00:00Z')).toBe('3 hours ago');
    expect(ago('2026-11-21T09:00:00Z')).toBe('yesterday');
    expect(ago('2026-11-25T12:00:00Z')).toBe('in 3 days');
    expect(relativeTime('2026-11-22T11:37:00Z', NOW, 'en', 'short')).toBe('23 min. ago');
  });
  it('says durations and what is left', () => {
    expect([5, 65, 7500, 90_000, 172_800].map(s => duration(s, trans))).toEqual([
      '5 s', '1 min', '2 h 5 min', '1 d 1 h', '2 d'
    ]);
    expect([3, 32, 61].map(s => timeLeft(s, trans))).toEqual([
      'a few seconds left', 'about 40 s left', 'about 2 min left'
    ]);
  });
});

it('offers UTC and the zones of the world', () => {
  expect(zones()).toEqual(expect.arrayContaining(['UTC', 'Europe/Berlin', 'America/New_York']));
});
