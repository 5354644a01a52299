// Lanes of events by kind, and beneath them on the same axis what waited and how much came. A cursor may stand in it;
// a click, or the arrow keys, say a time. SPEC rules UI23, UI26.

import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { SampleRow } from '../../../src/api/sample-routes.ts';
import type { SiteEvent } from '../live/site-events.ts';
import type { EventKind } from '../words/event-words.ts';
import { type Axis, KINDS, type Mark, marksOf, ticksOf, timeAt, xOf } from '../words/marks.ts';
import { countText, rateText, timeText } from '../words/text.ts';
import '../styles/time-chart.css';

export interface TimeChartProps {
  readonly label: string;
  readonly events: readonly SiteEvent[];
  readonly samples: readonly SampleRow[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Kinds that are shown; all without it. */
  readonly kinds?: ReadonlySet<EventKind>;
  /** Lower lanes and curves, where other things share the page. */
  readonly isCompact?: boolean;
  readonly cursorMs?: number | null;
  readonly pick?: (tsMs: number) => void;
  readonly open?: (mark: Mark) => void;
}

const LANES = { roomy: 28, compact: 20 };
const CURVES = { roomy: 58, compact: 34 };
const CURVE_GAP = 18;
const AXIS = 24;
const LEFT = 78;
const LEFT_NARROW = 76;
const RIGHT = 12;
const NARROW = 560;
const TICK_GAP = 90;
/** What half of a tick's words takes beyond the margin. */
const TICK_ROOM = 16;

export function TimeChart(props: TimeChartProps) {
  const { label, events, samples, fromMs, toMs, kinds, cursorMs = null, pick, open } = props;
  const size = props.isCompact ? 'compact' : 'roomy';
  const laneHeight = LANES[size];
  const curveHeight = CURVES[size];
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const left = width < NARROW ? LEFT_NARROW : LEFT;
  const axis: Axis = { fromMs, toMs, width: Math.max(1, width - left - RIGHT) };
  const lanes = KINDS.filter(({ kind }) => kinds === undefined || kinds.has(kind));
  const lanesEnd = lanes.length * laneHeight;
  const height = lanesEnd + 2 * (curveHeight + CURVE_GAP) + AXIS;
  const marks = marksOf(events, axis);
  const laneOf = new Map(lanes.map(({ kind }, at) => [kind, at]));

  const pickAt = (event: MouseEvent) => {
    const box = frame.current?.getBoundingClientRect();
    if (box) pick?.(timeAt(axis, event.clientX - box.left - left));
  };
  return (
    <div ref={frame} class="time-chart">
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the same is said with the slider above, by keyboard. */}
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={label}
        data-picks={pick !== undefined}
        onClick={pick && pickAt}
      >
        <g transform={`translate(${left} 0)`}>
          {ticksOf(axis, TICK_GAP).map((tick) => (
            <g key={tick} transform={`translate(${xOf(axis, tick)} 0)`} class="time-tick">
              <line y2={height - AXIS} />
              {axis.width - xOf(axis, tick) >= TICK_ROOM && <text y={height - 8}>{timeText(tick)}</text>}
            </g>
          ))}
          {lanes.map(({ kind, title }, at) => (
            <g key={kind} transform={`translate(0 ${at * laneHeight})`} class="time-lane">
              <line x2={axis.width} y1={laneHeight - 0.5} y2={laneHeight - 0.5} />
              <text x={-left + 8} y={laneHeight / 2 + 4}>
                {title}
              </text>
            </g>
          ))}
          {marks.map((mark) => {
            const lane = laneOf.get(mark.kind);
            if (lane === undefined) return null;
            return <MarkDot key={mark.key} mark={mark} y={lane * laneHeight + laneHeight / 2} open={open} />;
          })}
          <Curve
            axis={axis}
            height={curveHeight}
            top={lanesEnd + CURVE_GAP}
            title="Pending"
            points={pendingOf(samples)}
            tone="warn"
          />
          <Curve
            axis={axis}
            height={curveHeight}
            top={lanesEnd + curveHeight + 2 * CURVE_GAP}
            title="Readings/s"
            points={ratesOf(samples)}
            tone="info"
          />
          {cursorMs !== null && (
            <line class="time-cursor" x1={xOf(axis, cursorMs)} x2={xOf(axis, cursorMs)} y2={height - AXIS} />
          )}
        </g>
      </svg>
    </div>
  );
}

interface MarkDotProps {
  readonly mark: Mark;
  readonly y: number;
  readonly open: ((mark: Mark) => void) | undefined;
}

function MarkDot({ mark, y, open }: MarkDotProps) {
  const { events, tone, x } = mark;
  const radius = Math.min(9, 3.6 + Math.log2(events.length) * 1.3);
  const press = (event: Event) => {
    event.stopPropagation();
    open?.(mark);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the same events stand in the list below, by keyboard.
    <circle
      class="time-mark"
      data-tone={tone}
      data-opens={open !== undefined}
      cx={x}
      cy={y}
      r={radius}
      onClick={press}
    >
      <title>{titleOf(mark)}</title>
    </circle>
  );
}

function titleOf({ events }: Mark): string {
  const lines = events.slice(0, 12).map(({ ts_ms, node, event_type, target_id }) => {
    const whom = target_id === undefined || target_id === node ? '' : ` ${target_id}`;
    return `${timeText(ts_ms)} ${node}: ${event_type.replaceAll('_', ' ')}${whom}`;
  });
  if (events.length > lines.length) lines.push(`and ${events.length - lines.length} more`);
  return lines.join('\n');
}

interface Point {
  readonly tsMs: number;
  readonly value: number;
}

function pendingOf(samples: readonly SampleRow[]): Point[] {
  return samples.map(({ ts_ms, pending }) => ({ tsMs: ts_ms, value: pending }));
}

/** Between two samples; a node that was started again counts from 0. */
function ratesOf(samples: readonly SampleRow[]): Point[] {
  const points: Point[] = [];
  for (let at = 1; at < samples.length; at++) {
    const before = samples[at - 1];
    const sample = samples[at];
    if (before === undefined || sample === undefined) continue;
    const seconds = Math.max(0.001, (sample.ts_ms - before.ts_ms) / 1_000);
    const value = Math.max(0, sample.changes - before.changes) / seconds;
    points.push({ tsMs: sample.ts_ms, value });
  }
  return points;
}

interface CurveProps {
  readonly axis: Axis;
  readonly height: number;
  readonly top: number;
  readonly title: string;
  readonly points: readonly Point[];
  readonly tone: 'warn' | 'info';
}

/** Samples further apart than this have a gap between them: the node was not there, or stood still. */
const GAP_MS = 8_000;

function Curve({ axis, height, top, title, points, tone }: CurveProps) {
  const shown = points.filter(({ tsMs }) => tsMs >= axis.fromMs - GAP_MS && tsMs <= axis.toMs);
  const high = Math.max(1, ...shown.map(({ value }) => value));
  const xy = ({ tsMs, value }: Point): [number, number] => [
    xOf(axis, tsMs),
    height - (value / high) * (height - 4),
  ];
  const pieces: Point[][] = [];
  for (const point of shown) {
    const piece = pieces.at(-1);
    const last = piece?.at(-1);
    if (piece && last && point.tsMs - last.tsMs <= GAP_MS) piece.push(point);
    else pieces.push([point]);
  }
  return (
    <g transform={`translate(0 ${top})`} class="time-curve" data-tone={tone}>
      <text x={axis.width} y={-4} class="time-curve-high">
        {high >= 10 ? countText(high) : rateText(high)}
      </text>
      <text x={-8} y={height / 2 + 4} class="time-curve-title">
        {title}
      </text>
      <line x2={axis.width} y1={height} y2={height} />
      <svg width={axis.width} height={height + 1} overflow="hidden" role="presentation">
        {pieces.map((piece) => {
          const line = piece.map((point) =>
            xy(point)
              .map((number) => number.toFixed(1))
              .join(','),
          );
          const [first] = piece;
          const last = piece.at(-1);
          if (first === undefined || last === undefined) return null;
          const area = `${xOf(axis, first.tsMs).toFixed(1)},${height} ${line.join(' ')} ${xOf(axis, last.tsMs).toFixed(1)},${height}`;
          return (
            <g key={first.tsMs}>
              <polygon points={area} />
              <polyline points={line.join(' ')} />
            </g>
          );
        })}
      </svg>
    </g>
  );
}

function useWidth(frame: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(800);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    setWidth(element.clientWidth);
    return () => observer.disconnect();
  }, []);
  return width;
}
