// A chainlet's scaling and resources, to change or to set back to what its code says.
import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import type { ChainletStatus, DeploymentRequest } from '../../api/gen/v1';
import { Dialog } from '../../components/dialog';
import { Field } from '../../components/field';
import { Problem } from '../../components/say';
import { toast } from '../../components/toast';
import { useAction } from '../../hooks/action';
import { changeOf, formOf, type ScalingField, wrongFields } from '../../lib/scaling';

const FIELDS: [ScalingField, string, string][] = [
  ['min_replica', 'Replicas, at least', '0: it may sleep'],
  ['max_replica', 'Replicas, at most', ''],
  ['concurrency_target', 'In flight, each', 'what one replica is to have'],
  ['target_utilization_percentage', 'of it, %', 'room for what comes at once'],
  ['autoscaling_window_sec', 'Looked at over, s', ''],
  ['scale_down_delay_sec', 'Down after, s', 'of less load'],
  ['max_scale_down_rate', 'Down at a time, %', ''],
  ['cpus', 'CPUs', ''],
  ['memory_bytes', 'Memory, MiB', ''],
];

export function ScaleDialog(props: {
  of: DeploymentRequest;
  status: ChainletStatus;
  onClose: () => void;
}) {
  const { of, status, onClose } = props;
  const [before] = useState(() => formOf(status));
  const [form, setForm] = useState(before);
  const change = changeOf(before, form);
  const wrong = wrongFields({ ...form });
  const touched = Object.keys(change).length > 0;
  const isWrong =
    Object.keys(change).some((name) => name in wrong) || Boolean(touched && wrong.max_replica);

  const set = (reset: boolean) => async () => {
    const request = { ...of, chainlet: status.chainlet, reset, change: reset ? {} : change };
    await call('SetScaling', request);
    toast(`${status.display_name} is ${reset ? 'set back to what its code says' : 'changed'}`);
    onClose();
  };
  const save = useAction(set(false));
  const reset = useAction(set(true));
  const error = save.error ?? reset.error;
  return (
    <Dialog
      title={`Scaling of ${status.display_name}`}
      wide
      onClose={onClose}
      onSubmit={() => touched && !isWrong && !save.running && save.run()}
      actions={
        <>
          <button
            type="button"
            class="button ghost"
            disabled={reset.running}
            onClick={() => reset.run()}
          >
            Back to the code's
          </button>
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class="button primary"
            disabled={!touched || isWrong || save.running}
          >
            Save
          </button>
        </>
      }
    >
      <div class="scale-form">
        {FIELDS.map(([name, label, hint]) => (
          <Field
            key={name}
            label={label}
            hint={hint}
            error={name in change || name === 'max_replica' ? wrong[name] : undefined}
          >
            {(control) => (
              <input
                {...control}
                inputMode="decimal"
                value={form[name]}
                onInput={(event) => setForm({ ...form, [name]: event.currentTarget.value })}
              />
            )}
          </Field>
        ))}
      </div>
      {error && <Problem error={error} />}
    </Dialog>
  );
}
