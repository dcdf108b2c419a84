import { Button } from '@jupyterlab/ui-components';
import type { AssignmentRow, ErrorBody, Job } from '../api/wire';
import { exactTime } from '../dates';
import { useTrans } from '../translation';
import { facts, stateWord } from '../words';
import { Chip } from './Marks';
import { type IMenuLine, MenuButton } from './MenuButton';
import { NextStepButton } from './NextStepButton';
import { Notices } from './Notices';

interface IAssignmentItemProps {
  row: AssignmentRow;
  students: number;
  now: number;
  job?: Job;
  menu: IMenuLine[];
  onOpen: () => void;
  onStep: () => Promise<void>;
  onProblem: (problem: ErrorBody) => void;
  onCheck: () => Promise<unknown>;
  onGate: () => void;
}

/** One assignment in the side panel: its name, its next step, and a line of facts. */
export function AssignmentItem(props: IAssignmentItemProps): JSX.Element {
  const { row, students, now, job, menu, onOpen, onStep, onProblem } = props;
  const trans = useTrans();
  const { problem } = row;
  const said = [stateWord(row, now, trans), ...facts(row, students, trans)];
  return (
    <li className="jp-Hubgrade-assignment">
      <div className="jp-Hubgrade-line">
        <Button minimal className="jp-Hubgrade-link jp-Hubgrade-name" onClick={onOpen} title={row.assignment_id}>
          {row.assignment_id}
        </Button>
        <span className="jp-Hubgrade-acts">
          <NextStepButton row={row} job={job} onStep={onStep} />
          <MenuButton label={trans.__('More for %1', row.assignment_id)} lines={menu} />
        </span>
      </div>
      <div className="jp-Hubgrade-facts" title={row.due_date ? exactTime(row.due_date) : undefined}>
        {said.join(' · ')}
      </div>
      {problem && (
        <Button minimal className="jp-Hubgrade-link" onClick={() => onProblem(problem)}>
          <Chip tone="error">{problem.message}</Chip>
        </Button>
      )}
      <Notices row={{ ...row, problem: null }} running={job !== undefined} brief onCheck={props.onCheck} onWhole={props.onGate} />
    </li>
  );
}
