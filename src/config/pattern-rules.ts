// What holds for sensors by pattern: `raw/#=7d,+/vibration=36h`. Of several patterns that take a sensor in the first counts.
// SPEC rule CF2.

import { parseFilter } from '../model/topic-filter.ts';

export interface PatternRule<T> {
  readonly pattern: string;
  readonly amount: T;
}

export const PATTERN_RULES_MAX = 256;

/** Undefined where one of them makes no sense, or there are too many. */
export function parsePatternRules<T>(
  text: string,
  parseAmount: (text: string) => T | null,
): readonly PatternRule<T>[] | undefined {
  const rules: PatternRule<T>[] = [];
  for (const one of text.split(',')) {
    const at = Math.max(0, one.lastIndexOf('='));
    const filter = parseFilter(one.slice(0, at).trim());
    const amount = parseAmount(one.slice(at + 1).trim());
    if (!filter.ok || filter.value.share !== null || amount === null) return undefined;
    rules.push({ pattern: filter.value.pattern, amount });
  }
  return rules.length <= PATTERN_RULES_MAX ? rules : undefined;
}
