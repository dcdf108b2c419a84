import {
  type ColumnDef, type ColumnDefTemplate, type ColumnMeta, getCoreRowModel, getSortedRowModel, type OnChangeFn,
  type RowData, type RowSelectionState, type SortingState, useReactTable
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type ReactNode, useCallback, useRef } from 'react';
import { useEdges } from './useEdges';

declare module '@tanstack/react-table' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- the names belong to the interface
  interface ColumnMeta<TData extends RowData, TValue> {
    align?: 'right';
    /** Width in pixels; the column without one takes what is left. */
    width?: number;
    /** The width where there is little room. */
    narrow?: number;
    /** Whether the column is left out where there is little room: another one says it too. */
    folds?: boolean;
    /** Where the column stays while the others scroll sideways: pixels from the left edge. */
    left?: number;
    /** The same from the right edge. */
    right?: number;
    /** Whether the cell names its row. */
    heads?: boolean;
  }
}

interface IDataTableProps<T> {
  label: string;
  rows: T[];
  columns: ColumnDef<T>[];
  rowId: (row: T) => string;
  sorting: SortingState;
  onSorting: OnChangeFn<SortingState>;
  selection?: RowSelectionState;
  onSelection?: OnChangeFn<RowSelectionState>;
  /** What stands below the head when there are no rows. */
  none: ReactNode;
}

/** A row has at least this height, and more when what it says takes more lines. */
const ROW_HEIGHT = 44;
/** What a column without a width has at least: with room, and without. */
const LEAST_WIDTH = 260;
const LEAST_NARROW = 170;
/** Below this width of the box there is little room. */
const ROOMY = 1000;
const ARIA = { asc: 'ascending', desc: 'descending' } as const;

/** A real table of which only the rows in view are in the page; it sorts by its heads. */
export function DataTable<T>(props: IDataTableProps<T>): JSX.Element {
  const { label, rows, columns, rowId, sorting, onSorting, selection, onSelection } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const room = useEdges(scroll);
  const narrow = room > 0 && room < ROOMY;
  const folded = columns.filter(column => narrow && column.meta?.folds).map(column => [column.id ?? '', false] as const);
  const table = useReactTable({
    data: rows,
    columns,
    state: { sorting, rowSelection: selection ?? {}, columnVisibility: Object.fromEntries(folded) },
    getRowId: rowId,
    onSortingChange: onSorting,
    onRowSelectionChange: onSelection,
    enableRowSelection: onSelection !== undefined,
    enableSortingRemoval: false,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel()
  });
  const sorted = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_HEIGHT,
    measureElement: row => Math.max(ROW_HEIGHT, (row as HTMLElement).offsetHeight),
    // a height goes with its row when the rows change places
    getItemKey: useCallback((index: number) => sorted[index].id, [sorted]),
    overscan: 12
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items[items.length - 1]?.end ?? 0);
  const widthOf = (meta?: ColumnMeta<T, unknown>) => (narrow ? (meta?.narrow ?? meta?.width) : meta?.width);
  const least = narrow ? LEAST_NARROW : LEAST_WIDTH;
  const shown = table.getVisibleLeafColumns().map(column => ({ id: column.id, width: widthOf(column.columnDef.meta) }));
  const minWidth = shown.reduce((sum, { width }) => sum + (width ?? least), 0);
  return (
    <div className="jp-Hubgrade-scroll" ref={scroll}>
      <table className={`jp-Hubgrade-table jp-Hubgrade-data ${narrow ? 'jp-mod-narrow' : ''}`} style={{ minWidth }} aria-label={label} aria-rowcount={sorted.length + 1}>
        <colgroup>
          {shown.map(({ id, width }) => (
            <col key={id} style={{ width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {table.getFlatHeaders().map(({ column, getContext, id }) => {
              const order = column.getIsSorted();
              const sorts = column.getCanSort();
              const text = drawn(column.columnDef.header, getContext());
              return (
                <th
                  key={id}
                  scope="col"
                  {...placing(column.columnDef.meta)}
                  aria-sort={sorts ? (order ? ARIA[order] : 'none') : undefined}
                >
                  {sorts ? (
                    <button type="button" onClick={column.getToggleSortingHandler()}>
                      {text}
                      <span aria-hidden="true" className="jp-Hubgrade-order">
                        {order === 'asc' ? '▴' : order === 'desc' ? '▾' : ''}
                      </span>
                    </button>
                  ) : (
                    text
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {above > 0 && <tr aria-hidden="true" style={{ height: above }} />}
          {items.map(item => {
            const row = sorted[item.index];
            return (
              <tr
                key={row.id}
                ref={virtual.measureElement}
                data-index={item.index}
                aria-rowindex={item.index + 2}
                aria-selected={selection ? row.getIsSelected() : undefined}
              >
                {row.getVisibleCells().map(cell => {
                  const { meta } = cell.column.columnDef;
                  const content = drawn(cell.column.columnDef.cell, cell.getContext());
                  return meta?.heads ? (
                    <th key={cell.id} scope="row" {...placing(meta)}>{content}</th>
                  ) : (
                    <td key={cell.id} {...placing(meta)}>{content}</td>
                  );
                })}
              </tr>
            );
          })}
          {below > 0 && <tr aria-hidden="true" style={{ height: below }} />}
        </tbody>
      </table>
      {sorted.length === 0 && props.none}
    </div>
  );
}

/** Draw a head or a cell. It is called and no component of its own: else new columns would take the focus out of it. */
function drawn<P extends object>(template: ColumnDefTemplate<P> | undefined, context: P): ReactNode {
  return typeof template === 'function' ? (template(context) as ReactNode) : template;
}

function placing(meta: ColumnMeta<unknown, unknown> | undefined): { className?: string; style?: CSSProperties } {
  if (meta?.left !== undefined) {
    return { className: meta.heads ? 'jp-mod-pinned jp-mod-start' : 'jp-mod-pinned', style: { insetInlineStart: meta.left } };
  }
  if (meta?.right !== undefined) {
    return { className: 'jp-mod-pinned jp-mod-end', style: { insetInlineEnd: meta.right } };
  }
  return meta?.align === 'right' ? { className: 'jp-mod-number' } : {};
}
