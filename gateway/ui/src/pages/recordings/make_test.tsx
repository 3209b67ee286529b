// "Make a test of this request": a file of GoogleTest, as the platform writes it.
import { useState } from 'preact/hooks';
import { call, type Sent } from '../../api/client';
import type { MakeTestRequest, MakeTestResponse } from '../../api/gen/v1';
import { CodeBlock } from '../../components/copy';
import { Dialog } from '../../components/dialog';
import { Icon } from '../../components/icon';
import { Problem } from '../../components/say';
import { useAction } from '../../hooks/action';

export function TestButton({ request }: { request: Sent<MakeTestRequest> }) {
  const [made, setMade] = useState<MakeTestResponse>();
  const action = useAction(async () => setMade(await call('MakeTest', request)));
  const close = () => {
    action.clear();
    setMade(undefined);
  };
  return (
    <>
      <button type="button" class="button" disabled={action.running} onClick={() => action.run()}>
        {action.running ? 'Making a test' : 'Make a test'}
      </button>
      {action.error && (
        <Dialog title="No test was made" onClose={close}>
          <Problem error={action.error} />
        </Dialog>
      )}
      {made && <Made made={made} onClose={close} />}
    </>
  );
}

function Made({ made, onClose }: { made: MakeTestResponse; onClose: () => void }) {
  const save = () => {
    const url = URL.createObjectURL(new Blob([made.text], { type: 'text/plain' }));
    Object.assign(document.createElement('a'), { href: url, download: made.file_name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };
  return (
    <Dialog
      title={made.file_name}
      onClose={onClose}
      wide
      actions={
        <button type="button" class="button primary" onClick={save}>
          <Icon name="download" /> Save the file
        </button>
      }
    >
      <p class="muted">
        It builds the chain in process, with the recorded answers in place of what it calls, and
        expects the reply that was recorded.
      </p>
      <CodeBlock text={made.text} label={made.file_name} />
      {made.how && (
        <>
          <h3>In CMakeLists.txt</h3>
          <CodeBlock text={made.how} label="How to build it" />
        </>
      )}
    </Dialog>
  );
}
