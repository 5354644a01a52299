// How old readings may be, by pattern: `raw/#=7d,+/vibration=36h`. Of several patterns that take a sensor in the first counts.
// SPEC rules CF2, HD10.

import { parseFilter } from '../model/topic-filter.ts';
import type { Kind } from './kind.ts';

export interface AgeRule {
  readonly pattern: string;
  readonly ageMsMax: number;
}

const RULES_MAX = 256;
const UNIT_MS: { readonly [unit: string]: number | undefined } = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const AGE = /^(\d{1,6})([mhd])$/;

export const AGE_RULES: Kind<readonly AgeRule[]> = {
  allowed: `at most ${RULES_MAX} of pattern=age with commas between, an age in m, h or d, as in raw/#=7d,+/vibration=36h`,
  parse(text) {
    const rules = text.split(',').map((one) => ruleOf(one.trim()));
    const known = rules.filter((one) => one !== null);
    return known.length === rules.length && known.length <= RULES_MAX ? known : undefined;
  },
  show: (rules) => rules.map(({ pattern, ageMsMax }) => `${pattern}=${ageText(ageMsMax)}`).join(','),
};

function ruleOf(text: string): AgeRule | null {
  const at = text.lastIndexOf('=');
  const filter = parseFilter(text.slice(0, Math.max(0, at)));
  const [, count, unit = ''] = AGE.exec(text.slice(at + 1)) ?? [];
  const ageMsMax = Number(count ?? 0) * (UNIT_MS[unit] ?? 0);
  if (!filter.ok || filter.value.share !== null || ageMsMax === 0) return null;
  return { pattern: filter.value.pattern, ageMsMax };
}

function ageText(ms: number): string {
  const unit = ['d', 'h'].find((one) => ms % (UNIT_MS[one] ?? 1) === 0) ?? 'm';
  return `${ms / (UNIT_MS[unit] ?? 1)}${unit}`;
}
