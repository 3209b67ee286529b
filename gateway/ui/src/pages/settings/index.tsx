// Settings.
import { Empty } from '../../components/say';
import type { PageProps } from '../registry';

export default function SettingsPage({ params }: PageProps) {
  return <Empty title="Settings">Nothing is built here yet. {Object.values(params).join()}</Empty>;
}
