// Ranges of indices that are wrong or gone: few, apart from each other, in order. SPEC rule ST40.

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** So many are remembered; of more, neighbours become one. */
export const RANGES_MAX = 64;

/** The union, with what touches made one. */
export function withRange(ranges: readonly Range[], added: Range): readonly Range[] {
  if (added.to < added.from) return ranges;
  const joined: { from: number; to: number }[] = [];
  for (const { from, to } of [...ranges, added].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  while (joined.length > RANGES_MAX) {
    const last = joined.pop();
    const before = joined.at(-1);
    if (last && before) before.to = last.to;
  }
  return joined;
}

/** What is left without those from `from` to `to`. */
export function withoutRange(ranges: readonly Range[], { from, to }: Range): readonly Range[] {
  return ranges.flatMap((range) =>
    [
      { from: range.from, to: Math.min(range.to, from - 1) },
      { from: Math.max(range.from, to + 1), to: range.to },
    ].filter((left) => left.from <= left.to),
  );
}

/** The first that reaches `index` or beyond. */
export function firstFrom(ranges: readonly Range[], index: number): Range | null {
  return ranges.find(({ to }) => to >= index) ?? null;
}
