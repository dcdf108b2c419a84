import { useEffect, useRef, useState } from 'react';

/** Wrap what a click starts, and say whether it is under way; a second click waits for the first. */
export function useBusy(act: () => Promise<unknown>): [boolean, () => void] {
  const [busy, setBusy] = useState(false);
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  const run = () => {
    setBusy(true);
    void act().finally(() => mounted.current && setBusy(false));
  };
  return [busy, run];
}
