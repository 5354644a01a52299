// Where values stand on an axis, and which of them are written beside it.

export interface Axis {
  /** From 0 at the beginning of the axis to 1 at its end. */
  place(value: number): number;
  readonly ticks: readonly number[];
}

/** From 0 to a round number that all values lie below; about five ticks. */
export function linearAxis(values: readonly number[]): Axis {
  const highest = Math.max(...values, 0) || 1;
  const step = roundUp(highest / 5);
  const end = Math.ceil(highest / step) * step;
  const count = Math.round(end / step);
  const ticks = Array.from({ length: count + 1 }, (_, at) => at * step);
  return { place: (value) => value / end, ticks };
}

/** Powers of ten around all values. */
export function decadeAxis(values: readonly number[]): Axis {
  const positive = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...positive, 1_000_000)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive, 1))));
  const ticks = Array.from({ length: high - low + 1 }, (_, at) => 10 ** (low + at));
  return { place: (value) => (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low), ticks };
}

/** Exactly these values, at distances as their logarithms have. */
export function sizesAxis(sizes: readonly number[]): Axis {
  const low = Math.log10(Math.min(...sizes));
  const high = Math.log10(Math.max(...sizes));
  const place = (value: number) => (high === low ? 0.5 : (Math.log10(value) - low) / (high - low));
  return { place, ticks: sizes };
}

/** 1, 2 or 5 times a power of ten, at least this. */
function roundUp(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const digit = [1, 2, 5, 10].find((digit) => digit * power >= step * 0.999_999) ?? 10;
  return digit * power;
}

/** `1.5k`, `20k`, `0.5`: as short as a tick should be. */
export function shortNumber(value: number): string {
  if (value >= 1_000_000) return `${trimmed(value / 1_000_000)}M`;
  if (value >= 10_000) return `${trimmed(value / 1_000)}k`;
  return trimmed(value);
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(3)));
}
