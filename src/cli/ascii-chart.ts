// A chart for a terminal: one column a step, from its least to its greatest value, with the average marked. A step in which
// nothing was said is an empty column. SPEC rule CL16.

export interface ChartStep {
  readonly ts_ms: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly avg: number | null;
}

const MARK = { range: '│', average: '●', axis: '┤', floor: '─', corner: '└' } as const;

/** `rows` lines of steps, and two for the times. Empty where no step has a number. */
export function asciiChart(steps: readonly ChartStep[], rows: number): string {
  const values = steps.flatMap(({ min, max }) => (min === null || max === null ? [] : [min, max]));
  if (values.length === 0) return '';
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = high === low ? 1 : high - low;
  const rowOf = (value: number) => Math.round(((value - low) / span) * (rows - 1));
  const labels = Array.from({ length: rows }, (_, row) => shortest(low + (span * row) / (rows - 1)));
  const width = Math.max(...labels.map((label) => label.length));

  const lines: string[] = [];
  for (let row = rows - 1; row >= 0; row--) {
    const cells = steps.map(({ min, max, avg }) => {
      if (min === null || max === null || avg === null) return ' ';
      if (rowOf(avg) === row) return MARK.average;
      return rowOf(min) <= row && row <= rowOf(max) ? MARK.range : ' ';
    });
    lines.push(`${(labels[row] ?? '').padStart(width)} ${MARK.axis}${cells.join('').trimEnd()}`);
  }
  lines.push(`${' '.repeat(width)} ${MARK.corner}${MARK.floor.repeat(steps.length)}`);
  const [first = '', last = ''] = [steps[0], steps.at(-1)].map((step) => timeText(step?.ts_ms ?? 0));
  const gap = ' '.repeat(Math.max(1, steps.length - first.length - last.length));
  lines.push(`${' '.repeat(width + 2)}${first}${gap}${last}`);
  return lines.join('\n');
}

function shortest(value: number): string {
  return String(Number(value.toPrecision(5)));
}

function timeText(tsMs: number): string {
  return new Date(tsMs).toISOString().slice(0, 19).replace('T', ' ');
}
