// How wide an element is, and when that changes.
import { useEffect, useRef, useState } from 'preact/hooks';

export function useWidth<T extends Element>() {
  const ref = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const at = ref.current;
    if (!at) return;
    const watch = new ResizeObserver(
      ([entry]) => entry && setWidth(Math.round(entry.contentRect.width)),
    );
    watch.observe(at);
    return () => watch.disconnect();
  }, []);
  return { ref, width };
}
