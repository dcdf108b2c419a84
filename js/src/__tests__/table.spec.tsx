import { cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import type { RowSelectionState, SortingState } from '@tanstack/react-table';
import { useState } from 'react';
import { afterEach, describe, expect, it } from 'vitest';
import type { SubmissionRow } from '../api/wire';
import { DataTable } from '../components/DataTable';
import { submissionColumns } from '../components/submissionColumns';
import { failedSubmission, graded, NOW, submission, trans } from './samples';

afterEach(cleanup);

function Table({ rows }: { rows: SubmissionRow[] }): JSX.Element {
  const [sorting, setSorting] = useState<SortingState>([{ id: 'outcome', desc: false }, { id: 'student', desc: false }]);
  const [selection, setSelection] = useState<RowSelectionState>({});
  return (
    <>
      <output>{Object.keys(selection).sort().join(' ')}</output>
      <DataTable
        label="Submissions"
        rows={rows}
        columns={submissionColumns({ trans, now: NOW, notebooks: ['a', 'b'], menuOf: () => [], onTell: () => {} })}
        rowId={row => row.student_id}
        sorting={sorting}
        onSorting={setSorting}
        selection={selection}
        onSelection={setSelection}
        none={<p>none</p>}
      />
    </>
  );
}

const students = () => screen.getAllByRole('rowheader').map(cell => cell.textContent);
const head = (name: string) => screen.getByRole('columnheader', { name: new RegExp(`^${name}`) });

describe('the table of submissions', () => {
  const some = [
    submission('cleo', { score: 3 }),
    failedSubmission('dora'),
    submission('abel', { score: 5.5 }),
    submission('bert', { score: 1, notebooks: [{ notebook_id: 'a', score: 1, max_score: 2, needs_manual_grade: false, submission_id: 's' }] })
  ];
  it('has failures on top, then names', () => {
    render(<Table rows={some} />);
    expect(students()).toEqual(['dora', 'abel', 'bert', 'cleo']);
    expect(head('Outcome').getAttribute('aria-sort')).toBe('ascending');
    expect(head('Total').getAttribute('aria-sort')).toBe('none');
  });
  it('sorts by a head, both ways', () => {
    render(<Table rows={some} />);
    fireEvent.click(within(head('Total')).getByRole('button'));
    const first = head('Total').getAttribute('aria-sort');
    const order = students();
    fireEvent.click(within(head('Total')).getByRole('button'));
    expect(head('Total').getAttribute('aria-sort')).not.toBe(first);
    expect(students()).toEqual([...order].reverse());
  });
  it('selects rows, and all', () => {
    render(<Table rows={some} />);
    fireEvent.click(screen.getByRole('checkbox', { name: 'Select abel' }));
    expect(screen.getByRole('status').textContent).toBe('abel');
    fireEvent.click(screen.getByRole('checkbox', { name: 'Select all that are shown' }));
    expect(screen.getByRole('status').textContent).toBe('abel bert cleo dora');
  });
  it('keeps a thousand rows out of the page but tells how many there are', () => {
    const many = Array.from({ length: 1000 }, (_, i) => submission(`s${String(i).padStart(4, '0')}`));
    render(<Table rows={many} />);
    expect(screen.getByRole('table').getAttribute('aria-rowcount')).toBe('1001');
    const drawn = screen.getAllByRole('rowheader');
    expect(drawn.length).toBeLessThan(80);
    expect(drawn[0].closest('tr')?.getAttribute('aria-rowindex')).toBe('2');
  });
  it('says when nothing is left to show', () => {
    render(<Table rows={[]} />);
    expect(screen.getByText('none')).toBeTruthy();
  });
  it('says beside the word that nothing walled the code in, and the remark without the only name', () => {
    const died = graded('died', 'kernel_died', 'p.ipynb: The kernel died.');
    const bare = (row: SubmissionRow) => ({ ...row, grading: row.grading && { ...row.grading, isolation: 'none' as const } });
    render(<Table rows={[bare(died), bare(graded('fine', 'graded', '')), graded('walled', 'graded', '')]} />);
    expect(screen.getAllByText('No isolation').map(mark => mark.closest('tr')?.querySelector('th')?.textContent)).toEqual([
      'died', 'fine'
    ]);
    expect(screen.getByRole('button', { name: 'The kernel died. Look at it.' }).title).toBe(
      'Graded without isolation. p.ipynb: The kernel died. Look at it.'
    );
  });
  it('keeps the name where several notebooks have a remark', () => {
    const two = graded('two', 'kernel_died', 'p.ipynb: It died.');
    two.grading?.notebooks.push({ notebook: 'q.ipynb', code: 'cells_deleted', message: 'q.ipynb lacks one.', remedy: '', cell: null });
    render(<Table rows={[two]} />);
    expect(screen.getByRole('button', { name: /^p\.ipynb: It died/ })).toBeTruthy();
  });
  it('keeps the focus in a cell while rows and columns are made anew', () => {
    const { rerender } = render(<Table rows={some} />);
    const box = screen.getByRole('checkbox', { name: 'Select abel' });
    box.focus();
    rerender(<Table rows={some.map(row => ({ ...row, score: 6 }))} />);
    expect(document.activeElement).toBe(box);
  });
  it('shows the score of each notebook', () => {
    render(<Table rows={some} />);
    expect(head('a')).toBeTruthy();
    expect(screen.getByText('bert').closest('tr')?.textContent).toContain('1 / 2');
  });
});
