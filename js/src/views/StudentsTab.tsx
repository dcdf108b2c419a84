import { InputGroup } from '@jupyterlab/ui-components';
import type { SortingState } from '@tanstack/react-table';
import { useMemo, useState } from 'react';
import { DataTable } from '../components/DataTable';
import { Empty, Faces } from '../components/Faces';
import { studentColumns } from '../components/studentColumns';
import { useHubgrade, useStudents } from '../hooks';

interface IStudentsTabProps {
  course: string;
  filter: string;
  onFilter: (text: string) => void;
}

/** The roster, to read. */
export function StudentsTab({ course, filter, onFilter }: IStudentsTabProps): JSX.Element {
  const { acts, trans } = useHubgrade();
  const page = useStudents(course);
  const [sorting, setSorting] = useState<SortingState>([{ id: 'student', desc: false }]);
  const columns = useMemo(() => studentColumns(trans), [trans]);
  const wanted = filter.trim().toLocaleLowerCase();
  const rows = useMemo(
    () =>
      (page.data?.students ?? []).filter(row =>
        `${row.student_id} ${row.first_name} ${row.last_name} ${row.first_name} ${row.email}`
          .toLocaleLowerCase()
          .includes(wanted)
      ),
    [page.data, wanted]
  );
  return (
    <Faces
      data={page.data}
      error={page.error}
      rows={8}
      onRetry={() => void page.refetch()}
      onCopy={failure => void acts.copyReport(failure)}
    >
      {({ students }) =>
        students.length === 0 ? (
          <Empty title={trans.__('Nobody is on the roster yet')}>
            {trans.__('Students are added when their first submission is collected and graded, in formgrader, or from a file: nbgrader db student import FILE.csv.')}
          </Empty>
        ) : (
          <>
            <div className="jp-Hubgrade-toolbar">
              <InputGroup
                type="search"
                aria-label={trans.__('Filter students')}
                placeholder={trans.__('Filter by name, id or e-mail')}
                value={filter}
                rightIcon="ui-components:search"
                onChange={event => onFilter(event.target.value)}
              />
              <span className="jp-Hubgrade-muted">
                {trans.__('%1 of %2 students', rows.length, students.length)}
              </span>
            </div>
            <DataTable
              label={trans.__('Students')}
              rows={rows}
              columns={columns}
              rowId={row => row.student_id}
              sorting={sorting}
              onSorting={setSorting}
              none={
                <Empty
                  title={trans.__('No student matches')}
                  action={{ label: trans.__('Show all %1', students.length), run: () => onFilter('') }}
                />
              }
            />
          </>
        )
      }
    </Faces>
  );
}
