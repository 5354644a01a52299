// What `--for` of a program in here says: how long it may go on.

const UNITS_MS: { readonly [unit: string]: number } = { s: 1_000, m: 60_000, h: 3_600_000 };

/** Ends the program with 2 where it is no duration. */
export function durationMs(text: string): number {
  const [, number = '', unit = ''] = /^(\d+)([smh])$/.exec(text) ?? [];
  const ms = Number(number) * (UNITS_MS[unit] ?? Number.NaN);
  if (ms > 0) return ms;
  console.error(`--for takes a duration like 90s, 10m or 1h, got ${JSON.stringify(text)}`);
  process.exit(2);
}
