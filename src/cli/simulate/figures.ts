// The picture and the files of a curve: which of its metrics are drawn, in which unit, on which axis.

import type { CurveName, CurveOptions, CurvePoint } from '../../sim/scale/curves.ts';
import { table } from '../table.ts';
import { decadeAxis, linearAxis } from './axis.ts';
import { type Chart, chartSvg, type Point } from './chart.ts';

interface Look {
  readonly title: string;
  readonly yLabel: string;
  readonly full: { readonly metric: string; readonly of: 'median' | 'p99'; readonly name: string };
  readonly dashed: Look['full'];
  readonly unit: string;
  /** From the unit of the measurement to that of the axis. */
  readonly scale: number;
  readonly decades: boolean;
}

const LOOKS: { readonly [what in CurveName]: Look } = {
  convergence: {
    title: 'One update is known everywhere',
    yLabel: 'rounds',
    full: { metric: 'all know', of: 'median', name: 'median' },
    dashed: { metric: 'all know', of: 'p99', name: '99th percentile' },
    unit: 'rounds',
    scale: 1,
    decades: false,
  },
  staleness: {
    title: 'How old what a peer has is',
    yLabel: 'seconds',
    full: { metric: 'staleness, median', of: 'median', name: 'median pair' },
    dashed: { metric: 'staleness, p99', of: 'median', name: '99th percentile of pairs' },
    unit: 'ms',
    scale: 0.001,
    decades: false,
  },
  bytes: {
    title: 'What each node sends',
    yLabel: 'bytes a second',
    full: { metric: 'under load', of: 'median', name: 'under load' },
    dashed: { metric: 'idle', of: 'median', name: 'idle' },
    unit: 'B/s',
    scale: 1,
    decades: true,
  },
  detection: {
    title: 'A node that loses power is noticed',
    yLabel: 'seconds',
    full: { metric: 'all say dead', of: 'median', name: 'all say dead, median' },
    dashed: { metric: 'first suspicion', of: 'median', name: 'first suspicion, median' },
    unit: 'ms',
    scale: 0.001,
    decades: false,
  },
};

/** How the curve was made, in one line. */
export function knobsText(options: CurveOptions): string {
  const { fanout, load, seeds, seed, what } = options;
  const underLoad =
    what === 'staleness' || what === 'bytes'
      ? `, ${load.sensorsPerNode} sensors a node, each every ${load.periodMs} ms`
      : '';
  return `fanout ${fanout}${underLoad}, latency 0.5 to 2 ms, seeds ${seed} to ${seed + seeds - 1}`;
}

export function curveSvg(options: CurveOptions, points: readonly CurvePoint[]): string {
  const look = LOOKS[options.what];
  const drawn = points.filter(({ unit }) => unit === look.unit);
  const line = ({ metric, of }: Look['full'], intervalMs: number, lossPercent: number): Point[] =>
    drawn
      .filter(
        (point) =>
          point.metric === metric && point.intervalMs === intervalMs && point.lossPercent === lossPercent,
      )
      .filter((point) => Number.isFinite(point[of]))
      .map((point) => ({ x: point.nodes, y: Number((point[of] * look.scale).toPrecision(4)) }));
  const panels = options.intervalsMs.map((intervalMs) => ({
    title: `gossip every ${intervalMs} ms`,
    series: options.lossPercents.map((lossPercent) => ({
      name: `${lossPercent} % lost`,
      full: line(look.full, intervalMs, lossPercent),
      dashed: line(look.dashed, intervalMs, lossPercent),
    })),
  }));
  const heights = panels
    .flatMap(({ series }) => series.flatMap(({ full, dashed }) => [...full, ...dashed]))
    .map(({ y }) => y);
  const chart: Chart = {
    title: look.title,
    description: `${look.yLabel} over the number of nodes (${options.nodes.join(', ')}), by share of lost messages; ${knobsText(options)}. The same numbers stand in the CSV file beside this picture.`,
    xLabel: `nodes (${knobsText(options)})`,
    yLabel: look.yLabel,
    yAxis: look.decades ? decadeAxis(heights) : linearAxis(heights),
    sizes: options.nodes,
    lines: { full: look.full.name, dashed: look.dashed.name },
    panels,
  };
  return chartSvg(chart);
}

const COLUMNS = [
  'nodes',
  'loss_percent',
  'interval_ms',
  'metric',
  'unit',
  'values',
  'median',
  'p99',
  'max',
  'missed',
];

export function curveCsv(points: readonly CurvePoint[]): string {
  const rows = points.map((point) =>
    [
      point.nodes,
      point.lossPercent,
      point.intervalMs,
      `"${point.metric}"`,
      point.unit,
      point.values,
      numberText(point.median),
      numberText(point.p99),
      numberText(point.max),
      point.missed,
    ].join(','),
  );
  return `${[COLUMNS.join(','), ...rows].join('\n')}\n`;
}

export function curveTable(points: readonly CurvePoint[]): string {
  const heading = ['nodes', 'loss', 'interval', 'metric', 'median', 'p99', 'max', 'values', 'missed'];
  return table(
    heading,
    points.map((point) => [
      String(point.nodes),
      `${point.lossPercent} %`,
      `${point.intervalMs} ms`,
      point.metric,
      `${numberText(point.median)} ${point.unit}`,
      numberText(point.p99),
      numberText(point.max),
      String(point.values),
      String(point.missed),
    ]),
  );
}

/** Four digits say more than these measurements know. */
function numberText(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : '';
}
