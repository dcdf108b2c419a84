import { Button, HTMLSelect, InputGroup } from '@jupyterlab/ui-components';
import type { Verb } from '../api/wire';
import { type Show, SHOWS, showName } from '../outcome';
import { useTrans } from '../translation';

interface IFilterBarProps {
  assignments: string[];
  assignment: string;
  counts: Record<Show, number>;
  show: Show;
  filter: string;
  onAssignment: (name: string) => void;
  onShow: (show: Show) => void;
  onFilter: (text: string) => void;
}

/** Choose the assignment, and which of its submissions are shown. */
export function FilterBar(props: IFilterBarProps): JSX.Element {
  const trans = useTrans();
  return (
    <div className="jp-Hubgrade-toolbar">
      <HTMLSelect
        aria-label={trans.__('Assignment')}
        value={props.assignment}
        options={props.assignments}
        onChange={event => props.onAssignment(event.target.value)}
      />
      <InputGroup
        type="search"
        aria-label={trans.__('Filter students')}
        placeholder={trans.__('Filter by name, id or outcome')}
        value={props.filter}
        rightIcon="ui-components:search"
        onChange={event => props.onFilter(event.target.value)}
      />
      <div className="jp-Hubgrade-choices" role="group" aria-label={trans.__('Show')}>
        {SHOWS.filter(show => show === 'all' || show === props.show || props.counts[show] > 0).map(show => (
          <button key={show} type="button" aria-pressed={show === props.show} onClick={() => props.onShow(show)}>
            {showName(show, trans)} <span className="jp-Hubgrade-count">{props.counts[show]}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

interface ISelectionBarProps {
  count: number;
  onRun: (verb: Verb) => void;
  onClear: () => void;
}

/** What can be done with the selected rows. */
export function SelectionBar({ count, onRun, onClear }: ISelectionBarProps): JSX.Element {
  const trans = useTrans();
  const acts: [Verb, string][] = [
    ['collect', trans.__('Collect %1', count)],
    ['autograde', trans.__('Autograde %1', count)],
    ['generate_feedback', trans.__('Generate feedback %1', count)],
    ['release_feedback', trans.__('Release feedback %1', count)]
  ];
  return (
    <div className="jp-Hubgrade-selection" role="toolbar" aria-label={trans.__('Selected submissions')}>
      <strong>{trans._n('%1 selected', '%1 selected', count)}</strong>
      {acts.map(([verb, label]) => (
        <Button key={verb} className="jp-mod-styled" onClick={() => onRun(verb)}>
          {label}
        </Button>
      ))}
      <span className="jp-Hubgrade-spacer" />
      <Button minimal className="jp-Hubgrade-link" onClick={onClear}>
        {trans.__('Clear selection')}
      </Button>
    </div>
  );
}
