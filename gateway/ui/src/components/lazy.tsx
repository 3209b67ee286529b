// A page that is fetched when it is first shown. One that cannot be fetched says so: the gateway may
// have been replaced by one with other files, and then loading the page anew helps.
import type { ComponentType, VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/errors';
import { Problem, Skeleton } from './say';

type Load<P> = () => Promise<{ default: ComponentType<P> }>;

const loaded = new Map<unknown, ComponentType<never>>();

export function Lazy<P extends object>({ load, props }: { load: Load<P>; props: P }): VNode {
  const [, setVersion] = useState(0);
  const [failed, setFailed] = useState<unknown>();
  const Page = loaded.get(load) as ComponentType<P> | undefined;

  useEffect(() => {
    let here = true;
    if (loaded.has(load)) return;
    load()
      .then((module) => {
        loaded.set(load, module.default as ComponentType<never>);
        if (here) setVersion((version) => version + 1);
      })
      .catch(() => here && setFailed(load));
    return () => {
      here = false;
    };
  }, [load]);

  if (Page) return <Page {...props} />;
  if (failed === load) {
    const error = new ApiError('UNAVAILABLE', 'A part of this page could not be fetched.');
    return <Problem error={error} retry={() => location.reload()} />;
  }
  return <Skeleton lines={6} height={28} />;
}
