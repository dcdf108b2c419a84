import { Button } from '@jupyterlab/ui-components';
import { useRef } from 'react';
import type { AssignmentRow, Job } from '../api/wire';
import { exactTime, shortTime } from '../dates';
import { useEdges } from './useEdges';
import { noticesOf } from '../notices';
import { useTrans } from '../translation';
import { points, score } from '../words';
import { type IMenuLine, MenuButton } from './MenuButton';
import { moveFocus } from './moveFocus';
import { NextStepButton } from './NextStepButton';
import { Notices } from './Notices';
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

const COLUMNS = 13;

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
  onCheck: (row: AssignmentRow) => Promise<unknown>;
  onGate: (row: AssignmentRow) => void;
}

/** The assignments of a course; the columns are the steps, in the order of the work. */
export function AssignmentsTable(props: IAssignmentsTableProps): JSX.Element {
  const trans = useTrans();
  const table = useRef<HTMLTableElement>(null);
  const box = useRef<HTMLDivElement>(null);
  useEdges(box);
  const heads = [trans.__('Generated'), trans.__('Released'), trans.__('Due')];
  const counted = [
    trans.__('Submitted'), trans.__('Collected'), trans.__('Autograded'), trans.__('By hand'),
    trans.__('Feedback generated'), trans.__('Feedback released')
  ];
  return (
    <div className="jp-Hubgrade-scroll" ref={box} tabIndex={-1}>
      <table
        ref={table}
        className="jp-Hubgrade-table jp-Hubgrade-assignments"
        aria-label={trans.__('Assignments')}
        onKeyDown={event => moveFocus(event, table.current)}
      >
        <thead>
          <tr>
            <th scope="col" className="jp-mod-pinned jp-mod-start">{trans.__('Assignment')}</th>
            <th scope="col">{trans.__('Next step')}</th>
            <th scope="col" className="jp-mod-folds">{trans.__('Source')}</th>
            {heads.map(head => (
              <th key={head} scope="col">{head}</th>
            ))}
            {counted.map(head => (
              <th key={head} scope="col" className="jp-mod-number">{head}</th>
            ))}
            <th scope="col" className="jp-mod-pinned jp-mod-end"><span className="jp-Hubgrade-unseen">{trans.__('More')}</span></th>
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
  const job = props.jobOf(row);
  const noticed = noticesOf(row, trans).length > 0;
  const source = [row.has_source ? trans._n('%1 notebook', '%1 notebooks', row.notebooks.length) : '–'];
  if (row.max_score !== null) {
    source.push(points(row.max_score, trans));
  }
  return (
    <>
      <tr className={noticed ? 'jp-mod-noticed' : undefined}>
        <th scope="row" className="jp-mod-pinned jp-mod-start">
          <Button minimal className="jp-Hubgrade-link jp-Hubgrade-name" onClick={() => props.onOpen(row)} title={row.assignment_id}>
            {row.assignment_id}
          </Button>
          {row.mean_score !== null && row.max_score !== null ? (
            <div className="jp-Hubgrade-facts">
              {trans.__('mean %1 of %2', score(row.mean_score), score(row.max_score))}
            </div>
          ) : (
            <div className="jp-Hubgrade-facts jp-Hubgrade-folded">{source.join(' · ')}</div>
          )}
        </th>
        <td className="jp-Hubgrade-nextcell">
          <NextStepButton row={row} job={job} onStep={() => props.onStep(row)} />
        </td>
        <td className="jp-mod-folds">
          {source[0]}
          {source.length > 1 && <div className="jp-Hubgrade-facts">{source[1]}</div>}
        </td>
        <td><StepCell step={row.generated} actions={actions.generated} /></td>
        <td><StepCell step={row.released} actions={actions.released} /></td>
        <td className="jp-Hubgrade-duecell">
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
        <td className="jp-mod-pinned jp-mod-end"><MenuButton label={trans.__('More for %1', row.assignment_id)} lines={props.menuOf(row)} /></td>
      </tr>
      {noticed && (
        <tr className="jp-Hubgrade-noticerow">
          <td colSpan={COLUMNS} className="jp-Hubgrade-noticecell">
            <Notices
              row={row}
              running={job !== undefined}
              onCheck={() => props.onCheck(row)}
              onWhole={() => props.onGate(row)}
            />
          </td>
        </tr>
      )}
    </>
  );
}
