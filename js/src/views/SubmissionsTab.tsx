import type { RowSelectionState, SortingState } from '@tanstack/react-table';
import { useMemo, useState } from 'react';
import type { SubmissionRow, Verb } from '../api/wire';
import { DataTable } from '../components/DataTable';
import { Empty, Faces, Skeleton } from '../components/Faces';
import type { IMenuLine } from '../components/MenuButton';
import { FilterBar, SelectionBar } from '../components/SubmissionsBar';
import { submissionColumns } from '../components/submissionColumns';
import { useAssignments, useHubgrade, useNow, useSubmissions } from '../hooks';
import { canRepair, countShows, filterSubmissions, toldOf } from '../outcome';
import type { IPlace } from '../state';

interface ISubmissionsTabProps {
  course: string;
  place: IPlace;
  onGo: (place: Partial<IPlace>) => void;
}

/** What stands on top until the reader sorts by something else: failures. */
const FAILURES_FIRST: SortingState = [{ id: 'outcome', desc: false }];

const NO_ROWS: SubmissionRow[] = [];

/** The submissions of one assignment. */
export function SubmissionsTab({ course, place, onGo }: ISubmissionsTabProps): JSX.Element {
  const { acts, trans } = useHubgrade();
  const now = useNow();
  const list = useAssignments(course);
  const names = (list.data?.assignments ?? []).map(row => row.assignment_id);
  const assignment = place.assignment_id ?? names[0] ?? null;
  const page = useSubmissions(course, assignment);
  const [sorting, setSorting] = useState<SortingState>(FAILURES_FIRST);
  const [selection, setSelection] = useState<RowSelectionState>({});

  const all = page.data?.submissions ?? NO_ROWS;
  const notebooks = (page.data?.assignment.notebooks ?? []).map(one => one.notebook_id);
  const rows = useMemo(
    () => filterSubmissions(all, place.show, place.filter, trans),
    [all, place.show, place.filter, trans]
  );
  const counts = useMemo(() => countShows(all), [all]);
  const selected = rows.filter(row => selection[row.student_id]).map(row => row.student_id);

  const run = async (verb: Verb, students: string[]) => {
    if (assignment && (await acts.run(course, { verb, assignment_id: assignment, students }))) {
      setSelection({});
    }
  };
  const menuOf = (row: SubmissionRow): IMenuLine[] => {
    const one = (verb: Verb) => () => void run(verb, [row.student_id]);
    const collected = row.collected_attempt !== null;
    const graded = row.autograded !== 'none';
    const place = row.notebooks[0]
      ? { submission_id: row.notebooks[0].submission_id }
      : { assignment_id: assignment ?? undefined };
    return [
      { label: trans.__('Collect'), run: one('collect'), disabled: row.attempts === 0 },
      { label: graded ? trans.__('Autograde again…') : trans.__('Autograde'), run: one('autograde'), disabled: !collected },
      ...(canRepair(row) ? [{ label: trans.__('Repair…'), run: one('repair') }] : []),
      ...(row.repaired ? [{ label: trans.__('Undo repair…'), run: one('undo_repair') }] : []),
      { label: trans.__('Generate feedback'), run: one('generate_feedback'), disabled: !graded },
      { label: trans.__('Release feedback'), run: one('release_feedback'), disabled: row.feedback_generated === 'none' },
      { label: '' },
      { label: trans.__('What happened…'), run: () => onTell(row), disabled: toldOf(row) === null },
      { label: trans.__('Open in formgrader'), run: () => void acts.openFormgrader(course, place), disabled: !graded }
    ];
  };

  const onTell = (row: SubmissionRow) => {
    if (assignment) {
      void acts.showOutcome(course, assignment, row);
    }
  };

  if (list.data && names.length === 0) {
    return (
      <Empty title={trans.__('No assignments yet')}>
        {trans.__('Submissions appear here once an assignment has been released.')}
      </Empty>
    );
  }
  if (assignment === null) {
    return list.error ? (
      <Faces data={undefined} error={list.error} onRetry={() => void list.refetch()} onCopy={failure => void acts.copyReport(failure)}>
        {() => null}
      </Faces>
    ) : (
      <Skeleton rows={8} />
    );
  }
  const go = (change: Partial<IPlace>) => onGo({ assignment_id: assignment, ...change });
  return (
    <>
      <FilterBar
        assignments={names.includes(assignment) ? names : [assignment, ...names]}
        assignment={assignment}
        counts={counts}
        show={place.show}
        filter={place.filter}
        onAssignment={assignment_id => {
          setSelection({});
          onGo({ assignment_id, show: 'all' });
        }}
        onShow={show => go({ show })}
        onFilter={filter => go({ filter })}
      />
      {selected.length > 0 && (
        <SelectionBar count={selected.length} onRun={verb => void run(verb, selected)} onClear={() => setSelection({})} />
      )}
      <Faces
        data={page.data}
        error={page.error}
        rows={8}
        onRetry={() => void page.refetch()}
        onCopy={failure => void acts.copyReport(failure)}
      >
        {() =>
          all.length === 0 ? (
            <Empty title={trans.__('No students and no submissions yet')}>
              {trans.__('Students appear here as soon as they are on the roster or submit.')}
            </Empty>
          ) : (
            <DataTable
              label={trans.__('Submissions of %1', assignment)}
              rows={rows}
              columns={submissionColumns({ trans, now, notebooks, menuOf, onTell })}
              rowId={row => row.student_id}
              sorting={sorting}
              onSorting={setSorting}
              selection={selection}
              onSelection={setSelection}
              none={
                <Empty
                  title={trans.__('No submission matches')}
                  action={{ label: trans.__('Show all %1', all.length), run: () => go({ filter: '', show: 'all' }) }}
                />
              }
            />
          )
        }
      </Faces>
    </>
  );
}
