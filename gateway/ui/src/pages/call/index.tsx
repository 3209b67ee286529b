// Call of a chain.
import { Empty } from '../../components/say';
import type { ChainPageProps } from '../registry';

export default function CallPage({ target }: ChainPageProps) {
  return (
    <Empty title="Call">{`Nothing is built here yet: ${target.chain}, ${target.name}.`}</Empty>
  );
}
