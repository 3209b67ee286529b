// Traces of all chains.
import { TraceList } from './list';

export default function AllTracesPage() {
  return <TraceList of={undefined} />;
}
