// Curves over time, drawn by uPlot on a canvas, in the page's own colours. Dragging picks a span; what lies under the
// cursor is told to whoever asked for it.

import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import '../styles/chart.css';

export type ChartTone = 'series-1' | 'series-2' | 'series-3' | 'series-4' | 'warn' | 'bad';

export interface ChartSeries {
  readonly label: string;
  readonly tone: ChartTone;
  /** A point for each value instead of a line. */
  readonly isPoints?: boolean;
  /** Lines of a band's edges are not drawn themselves. */
  readonly isHidden?: boolean;
  /** Holds its value until the next one. */
  readonly isStepped?: boolean;
}

export interface ChartProps {
  /** What it shows, for those who cannot see it. */
  readonly label: string;
  /** Seconds first, then one row a series; null is a gap. */
  readonly data: uPlot.AlignedData;
  readonly series: readonly ChartSeries[];
  /** Between which two series, counted from 1, the room is filled. */
  readonly band?: readonly [upper: number, lower: number];
  readonly height: number;
  readonly unit?: string;
  /** The whole span, where there may be no values at its ends. Seconds. */
  readonly span?: readonly [from: number, to: number];
  readonly hover?: (index: number | null) => void;
  /** A span was picked by dragging. Seconds. */
  readonly pick?: (from: number, to: number) => void;
}

export function Chart(props: ChartProps) {
  const { label, data, series, band, height, unit = '', span } = props;
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const told = useRef(props);
  told.current = props;
  const scheme = useScheme();
  const shape = JSON.stringify([series, band, unit, scheme]);

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsOf(told.current, element), told.current.data, element);
    chart.current = made;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height: told.current.height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [shape]);
  const [from, to] = span ?? [];
  useEffect(() => {
    chart.current?.setData(data);
  }, [data, from, to]);
  useEffect(() => {
    chart.current?.setSize({ width: place.current?.clientWidth ?? 0, height });
  }, [height]);

  return <div ref={place} class="chart" role="img" aria-label={label} style={{ minHeight: `${height}px` }} />;

  function optionsOf(given: ChartProps, element: HTMLElement): uPlot.Options {
    const colour = (name: string) => getComputedStyle(element).getPropertyValue(`--${name}`).trim();
    const resolved = (name: string) => resolve(element, colour(name));
    const font = `11px ${getComputedStyle(element).fontFamily}`;
    const axis: uPlot.Axis = {
      stroke: resolved('faint'),
      font,
      grid: { stroke: resolved('line'), width: 1 },
      ticks: { show: false },
    };
    return {
      width: Math.max(1, element.clientWidth),
      height: given.height,
      padding: [10, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: told.current.pick !== undefined, y: false, setScale: false } },
      scales: {
        x: { range: (_self, low, high) => rangeOf(told.current.span, low, high) },
        y: { range: (_self, low, high) => padded(low, high) },
      },
      axes: [
        { ...axis, space: 70, size: 30, values: timeLabels },
        { ...axis, size: 58, values: (_self, splits) => splits.map((split) => axisText(split)) },
      ],
      series: [
        {},
        ...given.series.map(
          (one): uPlot.Series => ({
            label: one.label,
            stroke: one.isHidden ? 'transparent' : resolved(one.tone),
            width: one.isPoints || one.isHidden ? 0 : 1.6,
            spanGaps: false,
            points: one.isPoints
              ? { show: true, size: 7, width: 1.5, stroke: resolved(one.tone), fill: resolved('surface') }
              : { show: one.isHidden ? false : isLonely, size: 4, fill: resolved(one.tone) },
            ...(one.isPoints && { paths: () => null }),
            ...(one.isStepped && uPlot.paths.stepped && { paths: uPlot.paths.stepped({ align: 1 }) }),
          }),
        ),
      ],
      ...(given.band && {
        bands: [
          { series: [...given.band], fill: translucent(resolved(given.series[0]?.tone ?? 'series-1')) },
        ],
      }),
      hooks: {
        setCursor: [({ cursor }) => told.current.hover?.(cursor.idx ?? null)],
        setSelect: [
          (self) => {
            const { left, width } = self.select;
            if (width < 6) return;
            told.current.pick?.(self.posToVal(left, 'x'), self.posToVal(left + width, 'x'));
            self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          },
        ],
      },
    };
  }
}

/** Points are drawn where they stand so far apart that a line alone would hide them. */
function isLonely(self: uPlot, seriesIndex: number, first: number, last: number): boolean {
  void seriesIndex;
  return (last - first) * 12 < self.width;
}

function rangeOf(span: ChartProps['span'], low: number, high: number): uPlot.Range.MinMax {
  if (span !== undefined) return [span[0], span[1]];
  return low === high ? [low - 30, high + 30] : [low, high];
}

function padded(low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null) return [0, 1];
  const room = high === low ? Math.max(1, Math.abs(high) * 0.05) : (high - low) * 0.08;
  return [low - room, high + room];
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const seconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const month = new Intl.DateTimeFormat('en-GB', { month: 'short', year: 'numeric' });

function timeLabels(_self: uPlot, splits: number[]): string[] {
  const [first = 0, second = first + 1] = splits;
  const step = second - first;
  const format = step < 60 ? seconds : step < 86_400 ? clock : step < 20 * 86_400 ? date : month;
  return splits.map((split) => {
    const at = new Date(split * 1_000);
    // Midnight says which day begins.
    const isMidnight = format === clock && at.getHours() === 0 && at.getMinutes() === 0;
    return (isMidnight ? date : format).format(at);
  });
}

const compact = new Intl.NumberFormat('en', { maximumFractionDigits: 3, notation: 'compact' });
const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 6, useGrouping: false });

function axisText(value: number): string {
  return Math.abs(value) >= 100_000 ? compact.format(value) : plain.format(value);
}

/** A canvas knows colours, not the page's names for them. */
function resolve(element: HTMLElement, colour: string): string {
  const probe = document.createElement('span');
  probe.style.color = colour;
  element.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

function translucent(rgb: string): string {
  return rgb.replace(/^rgb\((.+)\)$/, 'rgba($1, 0.16)');
}

/** Changes with light and dark, whoever chose it. */
function useScheme(): string {
  const [scheme, setScheme] = useState(schemeOf);
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const changed = () => setScheme(schemeOf());
    const observer = new MutationObserver(changed);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    query.addEventListener('change', changed);
    return () => {
      observer.disconnect();
      query.removeEventListener('change', changed);
    };
  }, []);
  return scheme;
}

function schemeOf(): string {
  const { theme } = document.documentElement.dataset;
  return theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
}
