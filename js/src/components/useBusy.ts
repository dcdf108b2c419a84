import { useEffect, useRef, useState } from 'react';

/**
 * Wrap what a click starts, and say whether it is under way; a second click does nothing meanwhile.
 *
 * The button is to say so by aria-disabled: one that is disabled would lose the focus.
 */
export function useBusy(act: () => Promise<unknown>): [boolean, () => void] {
  const [busy, setBusy] = useState(false);
  const mounted = useRef(true);
  const underWay = useRef(false);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  const run = () => {
    if (underWay.current) {
      return;
    }
    underWay.current = true;
    setBusy(true);
    void act().finally(() => {
      underWay.current = false;
      if (mounted.current) {
        setBusy(false);
      }
    });
  };
  return [busy, run];
}
