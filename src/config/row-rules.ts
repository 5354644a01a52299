// How many rows there may be, by pattern: `raw/#=50M,+/vibration=500k`. SPEC rules CF2, HD11.

import type { Kind } from './kind.ts';
import { PATTERN_RULES_MAX, parsePatternRules } from './pattern-rules.ts';

export interface RowRule {
  readonly pattern: string;
  readonly rowsMax: number;
}

const UNITS: { readonly [unit: string]: number | undefined } = { '': 1, k: 1e3, M: 1e6, G: 1e9 };
const ROWS = /^(\d{1,12})([kMG]?)$/;
const ROWS_MAX = 1e12;

export const ROW_RULES: Kind<readonly RowRule[]> = {
  allowed: `at most ${PATTERN_RULES_MAX} of pattern=rows with commas between, rows from 1 to 1000G, with k, M or G for thousands, millions and billions, as in raw/#=50M,+/vibration=500k`,
  parse: (text) =>
    parsePatternRules(text, rowsOf)?.map(({ pattern, amount }) => ({ pattern, rowsMax: amount })),
  show: (rules) => rules.map(({ pattern, rowsMax }) => `${pattern}=${rowsText(rowsMax)}`).join(','),
};

function rowsOf(text: string): number | null {
  const [, count, unit = ''] = ROWS.exec(text) ?? [];
  const rows = Number(count ?? 0) * (UNITS[unit] ?? 0);
  return rows >= 1 && rows <= ROWS_MAX ? rows : null;
}

function rowsText(rows: number): string {
  const unit = ['G', 'M', 'k'].find((one) => rows % (UNITS[one] ?? 1) === 0) ?? '';
  return `${rows / (UNITS[unit] ?? 1)}${unit}`;
}
