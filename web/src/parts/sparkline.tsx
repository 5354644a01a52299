// A small line of the last values, without axes: the shape is the message. The number stands beside it.

export interface SparklineProps {
  /** Oldest first. */
  readonly points: readonly number[];
  /** How many fill the width. */
  readonly capacity: number;
  readonly width?: number;
  readonly height?: number;
}

export function Sparkline({ points, capacity, width = 88, height = 20 }: SparklineProps) {
  if (points.length < 2) return <svg class="sparkline" width={width} height={height} aria-hidden="true" />;
  return (
    <svg
      class="sparkline"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
    >
      <polyline points={pointsText(points, capacity, width, height)} />
    </svg>
  );
}

function pointsText(points: readonly number[], capacity: number, width: number, height: number): string {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const point of points) {
    if (point < low) low = point;
    if (point > high) high = point;
  }
  const span = high - low;
  const step = (width - 4) / Math.max(1, capacity - 1);
  const left = width - 2 - step * (points.length - 1);
  let text = '';
  for (const [at, point] of points.entries()) {
    // What does not change is a line in the middle.
    const share = span === 0 ? 0.5 : (point - low) / span;
    text += `${(left + at * step).toFixed(1)},${(height - 2 - share * (height - 4)).toFixed(1)} `;
  }
  return text;
}
