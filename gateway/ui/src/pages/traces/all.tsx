// Traces.
import { Empty } from '../../components/say';
import type { PageProps } from '../registry';

export default function TracesPage({ params }: PageProps) {
  return <Empty title="Traces">Nothing is built here yet. {Object.values(params).join()}</Empty>;
}
