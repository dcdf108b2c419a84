import { type RefObject, useLayoutEffect, useState } from 'react';

/**
 * Watch a box that scrolls sideways: mark it where columns are out of sight, and return its width.
 *
 * `data-before` and `data-after` say that there is more at its start and at its end; 0 is a box not laid out yet.
 */
export function useEdges(box: RefObject<HTMLElement>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const node = box.current;
    if (!node || typeof ResizeObserver === 'undefined') {
      return;
    }
    const look = () => {
      const passed = Math.abs(node.scrollLeft);
      node.toggleAttribute('data-before', passed > 1);
      node.toggleAttribute('data-after', passed + node.clientWidth < node.scrollWidth - 1);
      // a page that is hidden keeps its columns
      setWidth(known => node.clientWidth || known);
    };
    const watch = new ResizeObserver(look);
    watch.observe(node);
    [...node.children].forEach(child => watch.observe(child));
    node.addEventListener('scroll', look, { passive: true });
    return () => {
      watch.disconnect();
      node.removeEventListener('scroll', look);
    };
  }, [box]);
  return width;
}
