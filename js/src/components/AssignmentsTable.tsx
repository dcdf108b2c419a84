import { Button } from '@jupyterlab/ui-components';
import { type KeyboardEvent, useRef } from 'react';
import type { AssignmentRow, Job } from '../api/wire';
import { exactTime, shortTime } from '../dates';
import { useTrans } from '../translation';
import { points, score } from '../words';
import { type IMenuLine, MenuButton } from './MenuButton';
import { NextStepButton } from './NextStepButton';
import { CountCell, type ICellAction, StepCell } from './StepCell';

/** The actions of each step's cell. */
export interface IRowActions {
  generated: ICellAction[];
  released: ICellAction[];
  collected: ICellAction[];
  autograded: ICellAction[];
  manual: ICellAction[];
  feedback_generated: ICellAction[];
  feedback_released: ICellAction[];
}

interface IAssignmentsTableProps {
  rows: AssignmentRow[];
  students: number;
  now: number;
  jobOf: (row: AssignmentRow) => Job | undefined;
  actionsOf: (row: AssignmentRow) => IRowActions;
  menuOf: (row: AssignmentRow) => IMenuLine[];
  onOpen: (row: AssignmentRow) => void;
  onStep: (row: AssignmentRow) => Promise<void>;
  onEditDue: (row: AssignmentRow) => void;
}

/** The assignments of a course; the columns are the steps, in the order of the work. */
export function AssignmentsTable(props: IAssignmentsTableProps): JSX.Element {
  const trans = useTrans();
  const table = useRef<HTMLTableElement>(null);
  const heads = [trans.__('Source'), trans.__('Generated'), trans.__('Released'), trans.__('Due')];
  const counted = [
    trans.__('Submitted'), trans.__('Collected'), trans.__('Autograded'), trans.__('By hand'),
    trans.__('Feedback generated'), trans.__('Feedback released')
  ];
  return (
    <div className="jp-Hubgrade-scroll" tabIndex={-1}>
      <table
        ref={table}
        className="jp-Hubgrade-table jp-Hubgrade-assignments"
        aria-label={trans.__('Assignments')}
        onKeyDown={event => moveFocus(event, table.current)}
      >
        <thead>
          <tr>
            <th scope="col" className="jp-mod-pinned">{trans.__('Assignment')}</th>
            <th scope="col">{trans.__('Next step')}</th>
            {heads.map(head => (
              <th key={head} scope="col">{head}</th>
            ))}
            {counted.map(head => (
              <th key={head} scope="col" className="jp-mod-number">{head}</th>
            ))}
            <th scope="col"><span className="jp-Hubgrade-unseen">{trans.__('More')}</span></th>
          </tr>
        </thead>
        <tbody>
          {props.rows.map(row => (
            <Row key={row.assignment_id} row={row} {...props} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row, students, now, ...props }: IAssignmentsTableProps & { row: AssignmentRow }): JSX.Element {
  const trans = useTrans();
  const actions = props.actionsOf(row);
  return (
    <tr>
      <th scope="row" className="jp-mod-pinned">
        <Button minimal className="jp-Hubgrade-link jp-Hubgrade-name" onClick={() => props.onOpen(row)} title={row.assignment_id}>
          {row.assignment_id}
        </Button>
        {row.mean_score !== null && row.max_score !== null && (
          <div className="jp-Hubgrade-facts">
            {trans.__('mean %1 of %2', score(row.mean_score), score(row.max_score))}
          </div>
        )}
      </th>
      <td className="jp-Hubgrade-nextcell">
        <NextStepButton row={row} job={props.jobOf(row)} onStep={() => props.onStep(row)} />
      </td>
      <td>
        {row.has_source ? trans._n('%1 notebook', '%1 notebooks', row.notebooks.length) : '–'}
        {row.max_score !== null && <div className="jp-Hubgrade-facts">{points(row.max_score, trans)}</div>}
      </td>
      <td><StepCell step={row.generated} actions={actions.generated} /></td>
      <td><StepCell step={row.released} actions={actions.released} /></td>
      <td>
        <Button minimal className="jp-Hubgrade-link" onClick={() => props.onEditDue(row)}
          title={row.due_date ? exactTime(row.due_date) : trans.__('Set due date…')}>
          {row.due_date ? shortTime(row.due_date, now) : trans.__('Set…')}
        </Button>
      </td>
      <td className="jp-mod-number">
        {trans.__('%1 / %2', row.submitted, students)}
        {row.late > 0 && <div className="jp-Hubgrade-facts">{trans.__('%1 late', row.late)}</div>}
      </td>
      <td><CountCell count={row.collected} actions={actions.collected} /></td>
      <td><CountCell count={row.autograded} actions={actions.autograded} /></td>
      <td><CountCell count={row.manual} actions={actions.manual} /></td>
      <td><CountCell count={row.feedback_generated} actions={actions.feedback_generated} /></td>
      <td><CountCell count={row.feedback_released} actions={actions.feedback_released} /></td>
      <td><MenuButton label={trans.__('More for %1', row.assignment_id)} lines={props.menuOf(row)} /></td>
    </tr>
  );
}

/** Move the focus between the buttons of a table by the arrow keys. */
function moveFocus(event: KeyboardEvent, table: HTMLTableElement | null): void {
  const cell = (event.target as HTMLElement).closest('td, th');
  const line = cell?.parentElement;
  if (!table || !cell || !(line instanceof HTMLTableRowElement)) {
    return;
  }
  const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  let next: HTMLElement | null | undefined;
  if (across) {
    const all = [...line.querySelectorAll<HTMLElement>('button:not(:disabled)')];
    next = all[all.indexOf(event.target as HTMLElement) + across];
  } else if (down) {
    const lines = [...table.tBodies[0].rows];
    const target = lines[lines.indexOf(line) + down];
    const column = [...line.cells].indexOf(cell as HTMLTableCellElement);
    next =
      target?.cells[column]?.querySelector<HTMLElement>('button') ?? target?.querySelector<HTMLElement>('button');
  }
  if (next) {
    event.preventDefault();
    next.focus();
  }
}
