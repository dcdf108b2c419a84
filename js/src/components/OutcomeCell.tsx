import { Button } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { SubmissionRow } from '../api/wire';
import { outcomeOf, remarkOf } from '../outcome';
import { Chip } from './Marks';

interface IOutcomeCellProps {
  row: SubmissionRow;
  trans: TranslationBundle;
  /** Show in full what the line has no room for. */
  onTell: (row: SubmissionRow) => void;
}

/** What became of a submission: a word, and for a failure or a remark its cause and remedy. */
export function OutcomeCell({ row, trans, onTell }: IOutcomeCellProps): JSX.Element {
  const { kind, tone, word, sentence } = outcomeOf(row, trans);
  const tells = kind === 'failed' || remarkOf(row) !== null;
  return (
    <>
      <Chip tone={tone}>{word}</Chip>
      {sentence && tells && (
        <Button minimal className="jp-Hubgrade-link jp-Hubgrade-tell" title={sentence} onClick={() => onTell(row)}>
          {sentence}
        </Button>
      )}
      {sentence && !tells && (
        <div className="jp-Hubgrade-facts" title={sentence}>
          {sentence}
        </div>
      )}
    </>
  );
}
