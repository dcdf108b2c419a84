import type { ReactNode } from 'react';
import { exactTime, relativeTime, shortTime } from '../dates';
import { toneIcons } from '../icons';
import type { Tone } from '../outcome';

interface IChipProps {
  tone: Tone;
  children: ReactNode;
  title?: string;
}

/** A word with a shape and a colour of its own. */
export function Chip({ tone, children, title }: IChipProps): JSX.Element {
  const Icon = toneIcons[tone];
  return (
    <span className={`jp-Hubgrade-chip jp-mod-${tone}`} title={title}>
      <Icon.react tag="span" className="jp-Hubgrade-shape" aria-hidden="true" />
      <span>{children}</span>
    </span>
  );
}

interface ITimeProps {
  iso: string;
  now: number;
  /** Say how long ago or ahead it is, the same in few letters, or the weekday and hour. */
  as?: 'relative' | 'brief' | 'short';
}

/** A time in the reader's words, exact and with its zone on hover. */
export function Time({ iso, now, as = 'relative' }: ITimeProps): JSX.Element {
  return (
    <time dateTime={iso} title={exactTime(iso)}>
      {as === 'short' ? shortTime(iso, now) : relativeTime(iso, now, undefined, as === 'brief' ? 'short' : 'long')}
    </time>
  );
}

interface IBarProps {
  done: number;
  total: number;
  failed?: number;
  /** What the bar is about, for screen readers; without it the numbers beside it speak. */
  label?: string;
}

/** A thin bar of how much is done. */
export function Bar({ done, total, failed = 0, label }: IBarProps): JSX.Element {
  const share = (part: number) => (total > 0 ? `${Math.min(100, (100 * part) / total)}%` : '0%');
  const role = label
    ? ({
        role: 'progressbar',
        'aria-label': label,
        'aria-valuemin': 0,
        'aria-valuemax': total,
        'aria-valuenow': done
      } as const)
    : ({ 'aria-hidden': true } as const);
  return (
    <span className="jp-Hubgrade-bar" {...role}>
      <span style={{ width: share(done - failed) }} />
      {failed > 0 && <span className="jp-mod-error" style={{ width: share(failed) }} />}
    </span>
  );
}
