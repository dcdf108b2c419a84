import { Button } from '@jupyterlab/ui-components';
import type { Step, StepCount } from '../api/wire';
import { exactTime, shortDate } from '../dates';
import { useTrans } from '../translation';
import { Bar, Chip } from './Marks';

/** What a cell offers on hover, on focus, or by the arrow keys. */
export interface ICellAction {
  label: string;
  run: () => void;
}

interface ICellProps {
  actions: ICellAction[];
  title?: string;
  children: React.ReactNode;
}

/** A cell whose actions take the place of its figures while the pointer or the focus is on it. */
function Cell({ actions, title, children }: ICellProps): JSX.Element {
  return (
    <div className="jp-Hubgrade-step" title={actions.length === 0 ? title : undefined}>
      <div className="jp-Hubgrade-step-figures">{children}</div>
      {actions.length > 0 && (
        <div className="jp-Hubgrade-step-actions">
          {actions.map(action => (
            <Button key={action.label} minimal tabIndex={-1} onClick={action.run} title={title}>
              {action.label}
            </Button>
          ))}
        </div>
      )}
    </div>
  );
}

interface IStepCellProps {
  step: Step;
  actions: ICellAction[];
}

/** A step that is done once: done, older than its input, or not begun. */
export function StepCell({ step, actions }: IStepCellProps): JSX.Element {
  const trans = useTrans();
  const title = step.at ? exactTime(step.at) : undefined;
  return (
    <Cell actions={actions} title={title}>
      {step.state === 'current' && (
        <Chip tone="ok">{step.at ? shortDate(step.at) : trans.__('Done')}</Chip>
      )}
      {step.state === 'outdated' && <Chip tone="warning">{trans.__('Outdated')}</Chip>}
      {step.state === 'none' && <None />}
    </Cell>
  );
}

interface ICountCellProps {
  count: StepCount;
  actions: ICellAction[];
}

/** A step that is done for each submission: how many of how many, over a thin bar. */
export function CountCell({ count, actions }: ICountCellProps): JSX.Element {
  const trans = useTrans();
  const { done, total, failed } = count;
  return (
    <Cell actions={actions}>
      {total === 0 ? (
        <span className="jp-Hubgrade-count">
          <None />
        </span>
      ) : (
        <>
          <span className="jp-Hubgrade-count">
            {trans.__('%1 / %2', done, total)}
          </span>
          {done === total && failed === 0 ? (
            <span className="jp-Hubgrade-bar jp-mod-full">
              <span style={{ width: '100%' }} />
            </span>
          ) : (
            <Bar done={Math.min(total, done + failed)} total={total} failed={failed} />
          )}
          {failed > 0 && <Chip tone="error">{trans.__('%1 failed', failed)}</Chip>}
        </>
      )}
    </Cell>
  );
}

function None(): JSX.Element {
  const trans = useTrans();
  return (
    <span className="jp-Hubgrade-muted" aria-label={trans.__('not begun')}>
      –
    </span>
  );
}
