// Trace.
import { Empty } from '../../components/say';
import type { PageProps } from '../registry';

export default function TracePage({ params }: PageProps) {
  return <Empty title="Trace">Nothing is built here yet. {Object.values(params).join()}</Empty>;
}
