// Deployments of a chain.
import { Empty } from '../../components/say';
import type { ChainPageProps } from '../registry';

export default function DeploymentsPage({ target }: ChainPageProps) {
  return (
    <Empty title="Deployments">{`Nothing is built here yet: ${target.chain}, ${target.name}.`}</Empty>
  );
}
