// A chart as SVG: panels side by side over one y axis, a line and a dashed second line a series. It has no script
// and no outside font, follows the reader's light or dark scheme, and tells its series apart by marks as well as
// by colour. SPEC rule SM24.

import { type Axis, shortNumber, sizesAxis } from './axis.ts';

export interface Chart {
  readonly title: string;
  /** What the picture shows, for those who do not see it. */
  readonly description: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly yAxis: Axis;
  readonly sizes: readonly number[];
  /** What the full line and the dashed one stand for. */
  readonly lines: { readonly full: string; readonly dashed: string };
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly title: string;
  readonly series: readonly Series[];
}

export interface Series {
  readonly name: string;
  readonly full: readonly Point[];
  readonly dashed: readonly Point[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Pixels. */
const PANEL = { width: 300, height: 220, gap: 24 };
/** A panel that has no other beside it has to carry the title and the legend alone. */
const LONE_PANEL_WIDTH = 600;
const MARGIN = { left: 64, right: 20, top: 68, bottom: 92 };
const LEGEND_STEP = 110;
const MARKS = ['circle', 'square', 'triangle', 'diamond', 'cross'] as const;

/** Okabe and Ito's colours (2008), which people with any colour vision tell apart, lighter ones for the dark. */
const STYLE = `
  svg { color: #1f2328; background: #ffffff; font: 12px system-ui, sans-serif; }
  .c0 { color: #0072b2; } .c1 { color: #d55e00; } .c2 { color: #00795a; } .c3 { color: #a8518a; } .c4 { color: #7a6a00; }
  text { fill: currentColor; }
  .title { font-size: 15px; font-weight: 600; }
  .panel { font-weight: 600; }
  .grid { stroke: currentColor; stroke-opacity: 0.15; }
  .axis { stroke: currentColor; stroke-opacity: 0.6; }
  .line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
  .dashed { stroke-dasharray: 5 4; stroke-width: 1.5; }
  .mark { fill: currentColor; }
  @media (prefers-color-scheme: dark) {
    svg { color: #e6edf3; background: #0d1117; }
    .c0 { color: #56b4e9; } .c1 { color: #f08a4b; } .c2 { color: #33c49b; } .c3 { color: #e39ac8; } .c4 { color: #f0e442; }
  }
`.replaceAll(/\s*\n\s*/g, '\n');

export function chartSvg(chart: Chart): string {
  const panels = Math.max(1, chart.panels.length);
  const panelWidth = panels === 1 ? LONE_PANEL_WIDTH : PANEL.width;
  const width = MARGIN.left + panels * panelWidth + (panels - 1) * PANEL.gap + MARGIN.right;
  const height = MARGIN.top + PANEL.height + MARGIN.bottom;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escaped(chart.title)}</title>`,
    `<desc id="description">${escaped(chart.description)}</desc>`,
    `<style>${STYLE}</style>`,
    text(MARGIN.left, 24, chart.title, 'class="title"'),
    yAxis(chart, width),
    ...chart.panels.map((panel, at) =>
      panelSvg(chart, panel, { left: MARGIN.left + at * (panelWidth + PANEL.gap), width: panelWidth }),
    ),
    text((MARGIN.left + width - MARGIN.right) / 2, MARGIN.top + PANEL.height + 40, chart.xLabel, MIDDLE),
    legend(chart, MARGIN.top + PANEL.height + 72),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

const MIDDLE = 'text-anchor="middle"';

function yAxis(chart: Chart, width: number): string {
  const lines = chart.yAxis.ticks.map((tick) => {
    const y = yOf(chart, tick);
    return (
      `<line class="grid" x1="${MARGIN.left}" y1="${y}" x2="${width - MARGIN.right}" y2="${y}"/>` +
      text(MARGIN.left - 8, y + 4, shortNumber(tick), 'text-anchor="end"')
    );
  });
  const middle = MARGIN.top + PANEL.height / 2;
  const turned = `${MIDDLE} transform="rotate(-90 16 ${middle})"`;
  return [...lines, text(16, middle, chart.yLabel, turned)].join('\n');
}

interface Place {
  readonly left: number;
  readonly width: number;
}

function panelSvg(chart: Chart, panel: Panel, { left, width }: Place): string {
  const bottom = MARGIN.top + PANEL.height;
  const xAxis = sizesAxis(chart.sizes);
  const xOf = (x: number) => round(left + 16 + xAxis.place(x) * (width - 32));
  const ticks = chart.sizes.map(
    (size) =>
      `<line class="axis" x1="${xOf(size)}" y1="${bottom}" x2="${xOf(size)}" y2="${bottom + 5}"/>` +
      text(xOf(size), bottom + 20, shortNumber(size), MIDDLE),
  );
  const lines = panel.series.map((series, at) => {
    const at5 = at % MARKS.length;
    const place = ({ x, y }: Point): Point => ({ x: xOf(x), y: yOf(chart, y) });
    return [
      `<g class="c${at5}">`,
      polyline(series.dashed.map(place), 'line dashed'),
      polyline(series.full.map(place), 'line'),
      ...series.full.map((point) => named(mark(at5, place(point)), `${series.name}: ${point.x}, ${point.y}`)),
      '</g>',
    ].join('');
  });
  return [
    text(left + width / 2, MARGIN.top - 14, panel.title, `class="panel" ${MIDDLE}`),
    `<path class="axis" fill="none" d="M${left} ${MARGIN.top}V${bottom}H${left + width}"/>`,
    ...ticks,
    ...lines,
  ].join('\n');
}

/** The series, then what the two kinds of line are. */
function legend(chart: Chart, y: number): string {
  const names = [...new Set(chart.panels.flatMap(({ series }) => series.map(({ name }) => name)))];
  const series = names.map((name, at) => {
    const x = MARGIN.left + at * LEGEND_STEP;
    return `<g class="c${at % MARKS.length}">${mark(at % MARKS.length, { x: x + 6, y: y - 4 })}</g>${text(x + 18, y, name)}`;
  });
  const x = MARGIN.left + names.length * LEGEND_STEP;
  const kinds = [
    `<line class="line" x1="${x}" y1="${y - 4}" x2="${x + 24}" y2="${y - 4}"/>${text(x + 30, y, chart.lines.full)}`,
    ...(chart.lines.dashed === ''
      ? []
      : [
          `<line class="line dashed" x1="${x}" y1="${y + 12}" x2="${x + 24}" y2="${y + 12}"/>${text(x + 30, y + 16, chart.lines.dashed)}`,
        ]),
  ];
  return [...series, ...kinds].join('\n');
}

function mark(kind: number, { x, y }: Point): string {
  switch (MARKS[kind]) {
    case 'square':
      return `<rect class="mark" x="${x - 4}" y="${y - 4}" width="8" height="8"/>`;
    case 'triangle':
      return `<path class="mark" d="M${x} ${y - 5}l5 9h-10z"/>`;
    case 'diamond':
      return `<path class="mark" d="M${x} ${y - 6}l5 6l-5 6l-5 -6z"/>`;
    case 'cross':
      return `<path class="line" d="M${x - 4} ${y - 4}l8 8M${x - 4} ${y + 4}l8 -8"/>`;
    default:
      return `<circle class="mark" cx="${x}" cy="${y}" r="4"/>`;
  }
}

function named(shape: string, title: string): string {
  return `<g>${shape}<title>${escaped(title)}</title></g>`;
}

function polyline(points: readonly Point[], className: string): string {
  if (points.length < 2) return '';
  return `<polyline class="${className}" points="${points.map(({ x, y }) => `${x},${y}`).join(' ')}"/>`;
}

function yOf(chart: Chart, value: number): number {
  return round(MARGIN.top + PANEL.height * (1 - chart.yAxis.place(value)));
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(content)}</text>`;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

function escaped(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
