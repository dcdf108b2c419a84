import type { TranslationBundle } from '@jupyterlab/translation';
import type { ColumnDef } from '@tanstack/react-table';
import type { SubmissionRow } from '../api/wire';
import { studentName, urgency } from '../outcome';
import { lateBy, score } from '../words';
import { Time } from './Marks';
import { type IMenuLine, MenuButton } from './MenuButton';
import { OutcomeCell } from './OutcomeCell';

interface IColumnParts {
  trans: TranslationBundle;
  now: number;
  /** The notebooks of the assignment; each has a column when there are several. */
  notebooks: string[];
  menuOf: (row: SubmissionRow) => IMenuLine[];
  /** Show in full what a failure's line has no room for. */
  onTell: (row: SubmissionRow) => void;
}

/** The columns of an assignment's submissions. */
export function submissionColumns({ trans, now, notebooks, menuOf, onTell }: IColumnParts): ColumnDef<SubmissionRow>[] {
  const perNotebook: ColumnDef<SubmissionRow>[] = (notebooks.length > 1 ? notebooks : []).map(name => ({
    id: `notebook:${name}`,
    header: name,
    accessorFn: row => row.notebooks.find(one => one.notebook_id === name)?.score ?? -1,
    cell: ({ row }) => {
      const found = row.original.notebooks.find(one => one.notebook_id === name);
      return found ? <Score got={found.score} of={found.max_score} /> : '–';
    },
    meta: { align: 'right', width: 84 }
  }));
  return [
    {
      id: 'select',
      enableSorting: false,
      header: ({ table }) => (
        <input
          type="checkbox"
          aria-label={trans.__('Select all that are shown')}
          checked={table.getIsAllRowsSelected()}
          ref={box => {
            if (box) {
              box.indeterminate = table.getIsSomeRowsSelected();
            }
          }}
          onChange={table.getToggleAllRowsSelectedHandler()}
        />
      ),
      cell: ({ row }) => (
        <input
          type="checkbox"
          aria-label={trans.__('Select %1', row.original.student_id)}
          checked={row.getIsSelected()}
          onChange={row.getToggleSelectedHandler()}
        />
      ),
      meta: { width: 36, left: 0 }
    },
    {
      id: 'student',
      header: trans.__('Student'),
      accessorFn: row => `${studentName(row)} ${row.student_id}`,
      sortingFn: 'alphanumeric',
      cell: ({ row: { original: row } }) => (
        <>
          <div className="jp-Hubgrade-name">{studentName(row)}</div>
          {studentName(row) !== row.student_id && <div className="jp-Hubgrade-facts">{row.student_id}</div>}
        </>
      ),
      meta: { width: 140, narrow: 96, left: 36, heads: true }
    },
    {
      id: 'outcome',
      header: trans.__('Outcome'),
      accessorFn: urgency,
      sortingFn: (a, b) =>
        urgency(a.original) - urgency(b.original) ||
        studentName(a.original).localeCompare(studentName(b.original)),
      cell: ({ row: { original: row } }) => <OutcomeCell row={row} trans={trans} onTell={onTell} />
    },
    {
      id: 'submitted',
      header: trans.__('Submitted'),
      accessorFn: row => row.newest_attempt ?? row.collected_attempt ?? '',
      cell: ({ row: { original: row } }) => {
        const at = row.newest_attempt ?? row.collected_attempt;
        return at ? (
          <>
            <Time iso={at} now={now} as="brief" />
            <div className="jp-Hubgrade-facts jp-Hubgrade-folded">{folded(row)}</div>
          </>
        ) : (
          '–'
        );
      },
      meta: { width: 108, narrow: 100 }
    },
    {
      id: 'attempts',
      header: trans.__('Attempts'),
      accessorFn: row => row.attempts,
      meta: { align: 'right', width: 80, folds: true }
    },
    {
      id: 'late',
      header: trans.__('Late by'),
      accessorFn: row => row.late_s,
      cell: ({ row }) => lateBy(row.original.late_s, trans),
      meta: { align: 'right', width: 92, folds: true }
    },
    {
      id: 'total',
      header: trans.__('Total'),
      accessorFn: row => row.score ?? -1,
      cell: ({ row: { original: row } }) => (row.score === null ? '–' : <Score got={row.score} of={row.max_score} />),
      meta: { align: 'right', width: 88, narrow: 80 }
    },
    {
      id: 'feedback',
      header: trans.__('Feedback'),
      accessorFn: feedbackWord,
      meta: { width: 92, narrow: 88 }
    },
    ...perNotebook,
    {
      id: 'more',
      enableSorting: false,
      header: () => <span className="jp-Hubgrade-unseen">{trans.__('More')}</span>,
      cell: ({ row }) => (
        <MenuButton label={trans.__('More for %1', row.original.student_id)} lines={menuOf(row.original)} />
      ),
      meta: { width: 40, right: 0 }
    }
  ];

  /** Say in a line what has no column of its own where there is little room. */
  function folded(row: SubmissionRow): string {
    const attempts = row.attempts > 1 ? trans._n('%1 attempt', '%1 attempts', row.attempts) : '';
    const late = row.late_s > 0 ? trans.__('%1 late', lateBy(row.late_s, trans)) : '';
    return [late, attempts].filter(Boolean).join(' · ');
  }

  function feedbackWord(row: SubmissionRow): string {
    if (row.feedback_released !== 'none') {
      return row.feedback_released === 'current' ? trans.__('Released') : trans.__('Outdated');
    }
    return row.feedback_generated === 'none' ? '' : trans.__('Generated');
  }
}

function Score({ got, of }: { got: number; of: number | null }): JSX.Element {
  return (
    <>
      {score(got)}
      {of !== null && <span className="jp-Hubgrade-muted"> / {score(of)}</span>}
    </>
  );
}
