// Traces of a chain.
import { Empty } from '../../components/say';
import type { ChainPageProps } from '../registry';

export default function TracesPage({ target }: ChainPageProps) {
  return (
    <Empty title="Traces">{`Nothing is built here yet: ${target.chain}, ${target.name}.`}</Empty>
  );
}
