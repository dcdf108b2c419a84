import type { TranslationBundle } from '@jupyterlab/translation';
import type { ColumnDef } from '@tanstack/react-table';
import type { StudentRow } from '../api/wire';
import { studentName } from '../outcome';
import { score } from '../words';

/** The columns of the roster. */
export function studentColumns(trans: TranslationBundle): ColumnDef<StudentRow>[] {
  return [
    {
      id: 'student',
      header: trans.__('Student'),
      accessorFn: studentName,
      sortingFn: 'alphanumeric',
      meta: { width: 200, narrow: 150, left: 0, heads: true }
    },
    { id: 'id', header: trans.__('Student id'), accessorFn: row => row.student_id, meta: { width: 160, narrow: 110 } },
    { id: 'email', header: trans.__('E-mail'), accessorFn: row => row.email },
    {
      id: 'submissions',
      header: trans.__('Submissions'),
      accessorFn: row => row.submissions,
      meta: { align: 'right', width: 110, narrow: 106 }
    },
    {
      id: 'score',
      header: trans.__('Score'),
      accessorFn: row => row.score,
      cell: ({ row: { original: row } }) => trans.__('%1 of %2', score(row.score), score(row.max_score)),
      meta: { align: 'right', width: 120, narrow: 100 }
    }
  ];
}
