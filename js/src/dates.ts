/** Times as people read and write them; on the wire they are ISO 8601 in UTC. */
import type { TranslationBundle } from '@jupyterlab/translation';

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** Return the zone of the browser. */
export function browserZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/** Return all zones that the browser knows, the browser's own among them. */
export function zones(): string[] {
  const known = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : [];
  return [...new Set([...known, browserZone(), 'UTC'])].sort();
}

/** Say a time in full, with its zone: "Fri, 27 Nov 2026, 17:00 CET". */
export function exactTime(iso: string, zone?: string, locale?: string): string {
  return new Intl.DateTimeFormat(locale, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZone: zone,
    timeZoneName: 'short'
  }).format(new Date(iso));
}

/** Say a time briefly: the weekday when it is within six days, else the date; the hour unless long past. */
export function shortTime(iso: string, now: number, locale?: string, zone?: string): string {
  const date = new Date(iso);
  const ahead = (date.getTime() - now) / 1000;
  const near = Math.abs(ahead) < 6 * DAY_S;
  const far = Math.abs(ahead) > 300 * DAY_S;
  return new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    ...(near ? { weekday: 'short' } : { day: 'numeric', month: 'short' }),
    ...(far ? { year: 'numeric' } : {}),
    ...(near || (ahead > 0 && !far) ? { hour: 'numeric', minute: '2-digit' } : {})
  }).format(date);
}

/** Say the day of a time: "27 Nov". */
export function shortDate(iso: string, locale?: string, zone?: string): string {
  return new Intl.DateTimeFormat(locale, { timeZone: zone, day: 'numeric', month: 'short' }).format(
    new Date(iso)
  );
}

/** Say how long ago or ahead a time is: "5 minutes ago", or where there is little room "5 min. ago". */
export function relativeTime(iso: string, now: number, locale?: string, style: 'long' | 'short' = 'long'): string {
  const seconds = Math.round((new Date(iso).getTime() - now) / 1000);
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style });
  const away = Math.abs(seconds);
  if (away < MINUTE_S) {
    return format.format(0, 'minute');
  }
  if (away < HOUR_S) {
    return format.format(Math.trunc(seconds / MINUTE_S), 'minute');
  }
  if (away < DAY_S) {
    return format.format(Math.trunc(seconds / HOUR_S), 'hour');
  }
  if (away < 60 * DAY_S) {
    return format.format(Math.trunc(seconds / DAY_S), 'day');
  }
  return format.format(Math.trunc(seconds / (30 * DAY_S)), 'month');
}

/** Say a duration in its two largest units: "2 h 5 min". */
export function duration(seconds: number, trans: TranslationBundle): string {
  const whole = Math.max(0, Math.round(seconds));
  const days = Math.floor(whole / DAY_S);
  const hours = Math.floor((whole % DAY_S) / HOUR_S);
  const minutes = Math.floor((whole % HOUR_S) / MINUTE_S);
  if (days > 0) {
    return hours > 0 ? trans.__('%1 d %2 h', days, hours) : trans.__('%1 d', days);
  }
  if (hours > 0) {
    return minutes > 0 ? trans.__('%1 h %2 min', hours, minutes) : trans.__('%1 h', hours);
  }
  return minutes > 0 ? trans.__('%1 min', minutes) : trans.__('%1 s', whole);
}

/** Say how long a job will still take, without pretending to know the second. */
export function timeLeft(seconds: number, trans: TranslationBundle): string {
  if (seconds < 10) {
    return trans.__('a few seconds left');
  }
  if (seconds < 55) {
    return trans.__('about %1 s left', Math.ceil(seconds / 10) * 10);
  }
  return trans.__('about %1 left', duration(Math.ceil(seconds / MINUTE_S) * MINUTE_S, trans));
}

/** A wall-clock time in a zone, turned into UTC. */
export interface IWallTime {
  /** ISO 8601 with Z; when the time occurs twice, the first; when never, as if clocks had not moved. */
  iso: string;
  /** How often the clocks of that zone show this time: once, twice (autumn) or never (spring). */
  occurs: 'once' | 'twice' | 'never';
}

/** Turn a date (YYYY-MM-DD) and time (HH:MM) on the clocks of a zone into UTC. */
export function toUtc(date: string, time: string, zone: string): IWallTime {
  const wall = Date.parse(`${date}T${time}:00Z`);
  if (Number.isNaN(wall)) {
    throw new RangeError(`not a date and time: ${date} ${time}`);
  }
  // clocks move at most once within two days, so one of these two offsets is in force
  const before = offsetMs(wall - DAY_S * 1000, zone);
  const after = offsetMs(wall + DAY_S * 1000, zone);
  const found = [...new Set([wall - before, wall - after])]
    .filter(utc => utc + offsetMs(utc, zone) === wall)
    .sort((a, b) => a - b);
  const occurs = found.length === 0 ? 'never' : found.length === 1 ? 'once' : 'twice';
  return { iso: isoSeconds(found[0] ?? wall - before), occurs };
}

/** Turn a UTC time into date and time on the clocks of a zone. */
export function fromUtc(iso: string, zone: string): { date: string; time: string } {
  const utc = new Date(iso).getTime();
  const wall = new Date(utc + offsetMs(utc, zone)).toISOString();
  return { date: wall.slice(0, 10), time: wall.slice(11, 16) };
}

function isoSeconds(utc: number): string {
  return new Date(utc).toISOString().replace('.000Z', 'Z');
}

function offsetMs(utc: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric'
  }).formatToParts(new Date(utc));
  const part = (type: string) => Number(parts.find(p => p.type === type)?.value ?? 0);
  const wall = Date.UTC(
    part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')
  );
  return wall - Math.floor(utc / 1000) * 1000;
}
