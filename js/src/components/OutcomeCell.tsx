import { Button } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { SubmissionRow } from '../api/wire';
import { isolationSentence, outcomeOf, remarkOf } from '../outcome';
import { Chip } from './Marks';

interface IOutcomeCellProps {
  row: SubmissionRow;
  trans: TranslationBundle;
  /** Show in full what the lines have no room for. */
  onTell: (row: SubmissionRow) => void;
}

/** What became of a submission: a word, and for a failure or a remark its cause and remedy. */
export function OutcomeCell({ row, trans, onTell }: IOutcomeCellProps): JSX.Element {
  const { kind, tone, word, sentence, brief, mark } = outcomeOf(row, trans);
  const tells = kind === 'failed' || remarkOf(row) !== null;
  return (
    <>
      <div className="jp-Hubgrade-outcome">
        <Chip tone={tone}>{word}</Chip>
        {mark && (
          <span className="jp-Hubgrade-mark" title={isolationSentence('none', trans)}>
            {mark}
          </span>
        )}
      </div>
      {brief && tells && (
        <Button minimal className="jp-Hubgrade-link jp-Hubgrade-tell" title={sentence} onClick={() => onTell(row)}>
          <span className="jp-Hubgrade-lines">{brief}</span>
        </Button>
      )}
      {brief && !tells && (
        <div className="jp-Hubgrade-facts jp-Hubgrade-lines" title={sentence}>
          {brief}
        </div>
      )}
    </>
  );
}
