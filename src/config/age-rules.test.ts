import { expect, test } from 'vitest';
import { AGE_RULES } from './age-rules.ts';

test('[HD10] ages are read by pattern, in their order, and shown as they are written', () => {
  const rules = AGE_RULES.parse('raw/#=7d, +/vibration=36h');

  expect(rules).toEqual([
    { pattern: 'raw/#', ageMsMax: 7 * 86_400_000 },
    { pattern: '+/vibration', ageMsMax: 36 * 3_600_000 },
  ]);
  expect(AGE_RULES.show(rules ?? [])).toBe('raw/#=7d,+/vibration=36h');
});

test.each(['raw/#', 'raw/#=', '=7d', 'raw/#=0d', 'raw/#=7w', 'ra#w=7d', '$share/g/raw=7d', 'raw/#=7d,'])(
  '[HD10] %j says no age',
  (text) => {
    expect(AGE_RULES.parse(text)).toBeUndefined();
  },
);
