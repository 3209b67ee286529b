// Recordings of a chain.
import { Empty } from '../../components/say';
import type { ChainPageProps } from '../registry';

export default function RecordingsPage({ target }: ChainPageProps) {
  return (
    <Empty title="Recordings">{`Nothing is built here yet: ${target.chain}, ${target.name}.`}</Empty>
  );
}
