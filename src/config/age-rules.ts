// How old readings may be, by pattern: `raw/#=7d,+/vibration=36h`. SPEC rules CF2, HD10.

import type { Kind } from './kind.ts';
import { PATTERN_RULES_MAX, parsePatternRules } from './pattern-rules.ts';

export interface AgeRule {
  readonly pattern: string;
  readonly ageMsMax: number;
}

const UNIT_MS: { readonly [unit: string]: number | undefined } = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const AGE = /^(\d{1,6})([mhd])$/;

export const AGE_RULES: Kind<readonly AgeRule[]> = {
  allowed: `at most ${PATTERN_RULES_MAX} of pattern=age with commas between, an age in m, h or d, as in raw/#=7d,+/vibration=36h`,
  parse: (text) =>
    parsePatternRules(text, ageOf)?.map(({ pattern, amount }) => ({ pattern, ageMsMax: amount })),
  show: (rules) => rules.map(({ pattern, ageMsMax }) => `${pattern}=${ageText(ageMsMax)}`).join(','),
};

function ageOf(text: string): number | null {
  const [, count, unit = ''] = AGE.exec(text) ?? [];
  const ms = Number(count ?? 0) * (UNIT_MS[unit] ?? 0);
  return ms === 0 ? null : ms;
}

function ageText(ms: number): string {
  const unit = ['d', 'h'].find((one) => ms % (UNIT_MS[one] ?? 1) === 0) ?? 'm';
  return `${ms / (UNIT_MS[unit] ?? 1)}${unit}`;
}
