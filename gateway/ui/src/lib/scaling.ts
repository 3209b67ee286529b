// The form of a chainlet's scaling: what is in its fields, and what of it is a change.
import type { ChainletStatus, ScalingChange } from '../api/gen/v1';

export type ScalingField = keyof ScalingChange;
export type ScalingForm = Record<ScalingField, string>;

export const MIB = 1024 * 1024;

/** What is in force, as text; memory in MiB. */
export function formOf({ autoscaling: a, resources: r }: ChainletStatus): ScalingForm {
  const text = (value: number | undefined) => (value === undefined ? '' : String(value));
  return {
    min_replica: text(a?.min_replica),
    max_replica: text(a?.max_replica),
    concurrency_target: text(a?.concurrency_target),
    target_utilization_percentage: text(a?.target_utilization_percentage),
    autoscaling_window_sec: text(a?.autoscaling_window_sec),
    scale_down_delay_sec: text(a?.scale_down_delay_sec),
    max_scale_down_rate: text(a?.max_scale_down_rate),
    cpus: text(r?.cpus),
    memory_bytes: r ? text(Number(r.memory_bytes) / MIB) : '',
  };
}

/** The fields whose text is no number that they may have. */
export function wrongFields(form: ScalingForm): Partial<Record<ScalingField, string>> {
  const wrong: Partial<Record<ScalingField, string>> = {};
  for (const [name, text] of Object.entries(form) as [ScalingField, string][]) {
    const value = Number(text);
    const broken = [
      'cpus',
      'memory_bytes',
      'autoscaling_window_sec',
      'scale_down_delay_sec',
    ].includes(name);
    if (text.trim() === '' || !Number.isFinite(value) || value < 0) wrong[name] = 'A number from 0';
    else if (!broken && !Number.isInteger(value)) wrong[name] = 'A whole number';
  }
  if (
    !wrong.min_replica &&
    !wrong.max_replica &&
    Number(form.min_replica) > Number(form.max_replica)
  ) {
    wrong.max_replica = `Not below the least, ${form.min_replica}`;
  }
  return wrong;
}

/** Only what differs from `before`. */
export function changeOf(before: ScalingForm, form: ScalingForm): ScalingChange {
  const change: Record<string, number | string> = {};
  for (const [name, text] of Object.entries(form) as [ScalingField, string][]) {
    if (text.trim() === before[name]) continue;
    change[name] = name === 'memory_bytes' ? String(Math.round(Number(text) * MIB)) : Number(text);
  }
  return change as ScalingChange;
}
