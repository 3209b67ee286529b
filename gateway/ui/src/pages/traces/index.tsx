// Traces of a chain.
import type { ChainPageProps } from '../registry';
import { TraceList } from './list';

export default function TracesPage({ target }: ChainPageProps) {
  return <TraceList of={target.of} />;
}
