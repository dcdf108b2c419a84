import { Button } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { SubmissionRow } from '../api/wire';
import { outcomeOf } from '../outcome';
import { Chip } from './Marks';

interface IOutcomeCellProps {
  row: SubmissionRow;
  trans: TranslationBundle;
  /** Show in full what a failure's line has no room for. */
  onTell: (row: SubmissionRow) => void;
}

/** What became of a submission: a word, and for a failure its cause and remedy. */
export function OutcomeCell({ row, trans, onTell }: IOutcomeCellProps): JSX.Element {
  const { kind, tone, word, sentence } = outcomeOf(row, trans);
  return (
    <>
      <Chip tone={tone}>{word}</Chip>
      {sentence && kind === 'failed' && (
        <Button minimal className="jp-Hubgrade-link jp-Hubgrade-tell" title={sentence} onClick={() => onTell(row)}>
          {sentence}
        </Button>
      )}
      {sentence && kind !== 'failed' && (
        <div className="jp-Hubgrade-facts" title={sentence}>
          {sentence}
        </div>
      )}
    </>
  );
}
