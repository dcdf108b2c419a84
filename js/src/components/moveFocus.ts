import type { KeyboardEvent } from 'react';

/** Move the focus between the buttons of a table by the arrow keys. */
export function moveFocus(event: KeyboardEvent, table: HTMLTableElement | null): void {
  const cell = (event.target as HTMLElement).closest('td, th');
  const line = cell?.parentElement;
  if (!table || !cell || !(line instanceof HTMLTableRowElement)) {
    return;
  }
  const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  let next: HTMLElement | null | undefined;
  if (across) {
    const all = [...line.querySelectorAll<HTMLElement>('button:not(:disabled)')];
    next = all[all.indexOf(event.target as HTMLElement) + across];
  } else if (down) {
    const lines = [...table.tBodies[0].rows].filter(one => one.cells.length > 1 || one === line);
    const target = lines[lines.indexOf(line) + down];
    const column = [...line.cells].indexOf(cell as HTMLTableCellElement);
    next =
      target?.cells[column]?.querySelector<HTMLElement>('button') ?? target?.querySelector<HTMLElement>('button');
  }
  if (next) {
    event.preventDefault();
    next.focus();
  }
}
