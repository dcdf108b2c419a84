import { Button } from '@jupyterlab/ui-components';
import type { ReactNode } from 'react';
import { type Failure, toFailure } from '../api/errors';
import { useTrans } from '../translation';

interface ISkeletonProps {
  rows?: number;
}

/** Grey lines where a list will be; the style sheet shows them only after 200 ms. */
export function Skeleton({ rows = 4 }: ISkeletonProps): JSX.Element {
  const trans = useTrans();
  return (
    <div className="jp-Hubgrade-skeleton" role="status" aria-label={trans.__('Loading')}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} />
      ))}
    </div>
  );
}

interface IEmptyProps {
  title: string;
  /** What to do first. */
  children?: ReactNode;
  action?: { label: string; run: () => void };
}

/** What a list shows when there is nothing in it yet. */
export function Empty({ title, children, action }: IEmptyProps): JSX.Element {
  return (
    <div className="jp-Hubgrade-empty">
      <strong>{title}</strong>
      {children && <p>{children}</p>}
      {action && (
        <Button className="jp-mod-styled jp-mod-accept" onClick={action.run}>
          {action.label}
        </Button>
      )}
    </div>
  );
}

interface IFailedProps {
  failure: Failure;
  onRetry: () => void;
  onCopy: (failure: Failure) => void;
}

/** What a list shows when it could not be read. */
export function Failed({ failure, onRetry, onCopy }: IFailedProps): JSX.Element {
  const trans = useTrans();
  return (
    <div className="jp-Hubgrade-failed" role="alert">
      <strong>{failure.message}</strong>
      {failure.remedy && <p>{failure.remedy}</p>}
      <div className="jp-Hubgrade-buttons">
        <Button className="jp-mod-styled jp-mod-accept" onClick={onRetry}>
          {trans.__('Retry')}
        </Button>
        <Button className="jp-mod-styled" onClick={() => onCopy(failure)}>
          {trans.__('Copy report')}
        </Button>
      </div>
    </div>
  );
}

interface IFacesProps<T> {
  data: T | undefined;
  error: Error | null;
  rows?: number;
  onRetry: () => void;
  onCopy: (failure: Failure) => void;
  children: (data: T) => ReactNode;
}

/** One of a list's faces: loading, failed, or what there is; old data stays while a new try fails. */
export function Faces<T>(props: IFacesProps<T>): JSX.Element {
  const trans = useTrans();
  const { data, error, rows, onRetry, onCopy, children } = props;
  const failed = error && (
    <Failed failure={toFailure(error, trans)} onRetry={onRetry} onCopy={onCopy} />
  );
  if (data === undefined) {
    return failed || <Skeleton rows={rows} />;
  }
  return (
    <>
      {failed}
      {children(data)}
    </>
  );
}
