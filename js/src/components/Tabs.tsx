import { type KeyboardEvent, useLayoutEffect, useRef } from 'react';
import { useEdges } from './useEdges';

interface ITabsProps<T extends string> {
  label: string;
  tabs: { id: T; label: string }[];
  value: T;
  /** The id of the element that the tabs switch. */
  panel: string;
  onPick: (tab: T) => void;
}

/** A row of tabs; the arrow keys move between them. Where they do not fit they scroll, the chosen one in view. */
export function Tabs<T extends string>({ label, tabs, value, panel, onPick }: ITabsProps<T>): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  const width = useEdges(list);
  useLayoutEffect(() => {
    const row = list.current;
    const tab = row?.querySelector<HTMLElement>('[aria-selected=true]');
    if (row && tab) {
      // in the middle, so that its neighbours can be reached
      row.scrollLeft = tab.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
    }
  }, [value, width]);
  const move = (event: KeyboardEvent) => {
    const at = tabs.findIndex(tab => tab.id === value);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) {
      return;
    }
    event.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    onPick(tabs[next].id);
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
  };
  return (
    <div ref={list} className="jp-Hubgrade-tabs" role="tablist" aria-label={label} onKeyDown={move}>
      {tabs.map(tab => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          aria-selected={tab.id === value}
          aria-controls={panel}
          tabIndex={tab.id === value ? 0 : -1}
          onClick={() => onPick(tab.id)}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}
