// Overview.
import { Empty } from '../../components/say';
import type { PageProps } from '../registry';

export default function OverviewPage({ params }: PageProps) {
  return <Empty title="Overview">Nothing is built here yet. {Object.values(params).join()}</Empty>;
}
