// A chart over time, by uPlot: 20 kB, drawn on a canvas in a millisecond, no styles inline.
//
//   <Chart title="Latency" unit={ms} times={seconds} series={[
//     { label: 'p50', values: p50, color: '--accent' }, { label: 'p99', values: p99, color: '--text-3', dash: [4, 3] }]} />
//
// The legend has the last figures, or those under the pointer; screen readers get a sentence.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import '../styles/chart.css';
import { color, repaint } from '../theme';

export interface Series {
  label: string;
  values: (number | null)[];
  /** A token of styles/tokens.css. */
  color: string;
  dash?: number[];
  fill?: boolean;
}

export interface ChartProps {
  title: string;
  times: number[];
  series: Series[];
  /** How a figure is written. */
  unit: (value: number) => string;
  height?: number;
  /** The axis ends here at least. */
  top?: number;
  /** Steps at whole numbers: replicas. */
  whole?: boolean;
}

export function Chart(props: ChartProps) {
  const { title, times, series, unit, height = 132 } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const latest = useRef(props);
  latest.current = props;
  const shape = series.map((one) => one.label).join();
  const painted = repaint.value;

  useEffect(() => {
    const at = box.current;
    if (!at) return;
    const made = new uPlot(options(latest, at.clientWidth), dataOf(latest.current), at);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: at.clientWidth, height }));
    watch.observe(at);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape, height, painted]);

  useEffect(
    () => plot.current?.setData(dataOf(props)),
    [times, ...series.map((one) => one.values)],
  );

  const said = series.map((one) => `${one.label} ${lastOf(one.values, unit)}`).join(', ');
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <ul>
          {series.map((one) => (
            <li key={one.label}>
              <Key series={one} /> {one.label} <strong>{lastOf(one.values, unit)}</strong>
            </li>
          ))}
        </ul>
      </figcaption>
      <div
        ref={box}
        class="chart-box"
        style={{ height: `${height}px` }}
        role="img"
        aria-label={`${title}, now: ${said}`}
      />
    </figure>
  );
}

function Key({ series }: { series: Series }) {
  return (
    <svg width="16" height="8" aria-hidden="true">
      <path
        d="M0 4H16"
        stroke={`var(${series.color})`}
        stroke-width="2"
        stroke-dasharray={series.dash?.join(' ')}
      />
    </svg>
  );
}

function lastOf(values: readonly (number | null)[], unit: (value: number) => string): string {
  const last = [...values].reverse().find((value) => value !== null);
  return unit(last ?? Number.NaN);
}

function dataOf({ times, series }: ChartProps): uPlot.AlignedData {
  return [times, ...series.map((one) => one.values)] as uPlot.AlignedData;
}

function options(latest: { current: ChartProps }, width: number): uPlot.Options {
  const { series, height = 132, whole } = latest.current;
  const font = `11px ${color('--font')}`;
  const axis = { stroke: color('--text-2'), font, ticks: { show: false } };
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      y: { range: (_, __, max) => [0, Math.max(max || 0, latest.current.top ?? 0) * 1.1 || 1] },
    },
    axes: [
      {
        ...axis,
        size: 22,
        space: 70,
        grid: { show: false },
        values: (_, splits) => splits.map(clock),
      },
      {
        ...axis,
        size: 54,
        space: 32,
        grid: { stroke: color('--line'), width: 1 },
        incrs: whole ? [1, 2, 5, 10, 20, 50, 100] : undefined,
        values: (_, splits) => splits.map((value) => latest.current.unit(value)),
      },
    ],
    series: [
      {},
      ...series.map((one) => ({
        label: one.label,
        stroke: color(one.color),
        width: 1.5,
        dash: one.dash,
        points: { show: false },
        fill: one.fill ? `color-mix(in srgb, ${color(one.color)} 14%, transparent)` : undefined,
        paths: whole ? uPlot.paths.stepped?.({ align: 1 }) : undefined,
      })),
    ],
    plugins: [readout(latest)],
  };
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit',
  });
}

/** The figures under the pointer, beside it. */
function readout(latest: { current: ChartProps }): uPlot.Plugin {
  const label = document.createElement('div');
  label.className = 'chart-readout';
  return {
    hooks: {
      init: (plot) => plot.over.append(label),
      setCursor: (plot) => {
        const { idx, left = -1 } = plot.cursor;
        label.hidden = left < 0 || idx === null || idx === undefined;
        if (label.hidden || idx === null || idx === undefined) return;
        const { times, series, unit } = latest.current;
        const at = new Date((times[idx] ?? 0) * 1000).toLocaleTimeString();
        const figures = series.map((one) => `${one.label} ${unit(one.values[idx] ?? Number.NaN)}`);
        label.textContent = [at, ...figures].join('   ');
        const room = plot.over.clientWidth - label.offsetWidth;
        label.style.transform = `translateX(${Math.max(0, Math.min(left - label.offsetWidth / 2, room))}px)`;
      },
    },
  };
}
