// A row of figures as a line of a few pixels, without axes. The figure itself stands beside it.

/** The points of a line in a box of `width` by `height`, the highest at the top; empty: no figures. */
export function sparkPath(
  values: readonly number[],
  width: number,
  height: number,
  top?: number,
): string {
  const known = values.filter((value) => Number.isFinite(value) && value >= 0);
  if (values.length < 2 || known.length === 0) return '';
  const highest = Math.max(top ?? 0, ...known) || 1;
  const step = width / (values.length - 1);
  let path = '';
  let down = true;
  for (const [i, value] of values.entries()) {
    if (!(value >= 0)) {
      down = true;
      continue;
    }
    const y = height - 1 - (value / highest) * (height - 2);
    path += `${down ? 'M' : 'L'}${(i * step).toFixed(1)} ${y.toFixed(1)}`;
    down = false;
  }
  return path;
}

export function Sparkline(props: {
  values: readonly number[];
  bad?: readonly number[];
  width?: number;
  height?: number;
}) {
  const { values, bad, width = 96, height = 24 } = props;
  const top = Math.max(0, ...values.filter(Number.isFinite));
  return (
    <svg
      class="spark"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
    >
      <path d={`M0 ${height - 0.5}H${width}`} class="spark-ground" />
      <path d={sparkPath(values, width, height)} />
      {bad && <path d={sparkPath(bad, width, height, top)} class="spark-bad" />}
    </svg>
  );
}
