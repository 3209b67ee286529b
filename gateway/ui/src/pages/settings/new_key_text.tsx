// A key's text, shown this once.
import { CodeBlock } from '../../components/copy';
import { Icon } from '../../components/icon';

export function NewKeyText({ text }: { text: string }) {
  return (
    <div class="stack tight">
      <p class="note warn">
        <Icon name="warning" /> Copy it now: it is shown this once, and kept nowhere.
      </p>
      <CodeBlock text={text} label="The key" />
    </div>
  );
}
