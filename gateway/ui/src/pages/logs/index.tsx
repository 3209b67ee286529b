// Logs of a chain.
import { Empty } from '../../components/say';
import type { ChainPageProps } from '../registry';

export default function LogsPage({ target }: ChainPageProps) {
  return (
    <Empty title="Logs">{`Nothing is built here yet: ${target.chain}, ${target.name}.`}</Empty>
  );
}
