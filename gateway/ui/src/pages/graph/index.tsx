// Graph of a chain.
import { Empty } from '../../components/say';
import type { ChainPageProps } from '../registry';

export default function GraphPage({ target }: ChainPageProps) {
  return (
    <Empty title="Graph">{`Nothing is built here yet: ${target.chain}, ${target.name}.`}</Empty>
  );
}
