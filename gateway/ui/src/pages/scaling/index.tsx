// Settings of a chain.
import { Empty } from '../../components/say';
import type { ChainPageProps } from '../registry';

export default function SettingsPage({ target }: ChainPageProps) {
  return (
    <Empty title="Settings">{`Nothing is built here yet: ${target.chain}, ${target.name}.`}</Empty>
  );
}
