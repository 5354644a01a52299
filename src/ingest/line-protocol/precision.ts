// The time of a point: whole units since 1970, in the precision that the request names. SPEC rule LP4.

/** Units of both write paths, each as so many in a millisecond or so many milliseconds. */
const UNITS = {
  ns: { inMs: 1_000_000n, ms: 1 },
  n: { inMs: 1_000_000n, ms: 1 },
  us: { inMs: 1_000n, ms: 1 },
  u: { inMs: 1_000n, ms: 1 },
  µ: { inMs: 1_000n, ms: 1 },
  ms: { inMs: 1n, ms: 1 },
  s: { inMs: 1n, ms: 1_000 },
  m: { inMs: 1n, ms: 60_000 },
  h: { inMs: 1n, ms: 3_600_000 },
} as const;

export type Precision = keyof typeof UNITS;
export const PRECISIONS: readonly string[] = Object.keys(UNITS);

const MINUS = 0x2d;
const DIGITS = /^-?\d{1,19}$/;

/** Whole milliseconds, the earlier one where it lies between two; null for what is no time. */
export function tsMsOf(text: string, precision: Precision): number | null {
  if (!DIGITS.test(text)) return null;
  const { inMs, ms } = UNITS[precision];
  if (inMs === 1n) return Number(text) * ms;
  // Nanoseconds since 1970 do not fit into a number; after it the digits before the last ones are the milliseconds.
  const below = inMs === 1_000_000n ? 6 : 3;
  if (text.length > below && text.charCodeAt(0) !== MINUS) return Number(text.slice(0, -below));
  const exact = BigInt(text);
  return Number(exact / inMs - (exact % inMs < 0n ? 1n : 0n));
}

export function isPrecision(text: string): text is Precision {
  return Object.hasOwn(UNITS, text);
}
