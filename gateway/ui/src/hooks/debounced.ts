// A value once it has not changed for a while: what somebody types, before it is asked for.
import { useEffect, useState } from 'preact/hooks';

/** Compared as JSON, so that a new object of the same is no change. */
export function useDebounced<T>(value: T, ms: number): T {
  const [settled, setSettled] = useState(value);
  const text = JSON.stringify(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [text, ms]);
  return JSON.stringify(settled) === text ? value : settled;
}
