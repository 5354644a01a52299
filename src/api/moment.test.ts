import { expect, test } from 'vitest';
import { parseMoment, parseSpan } from './moment.ts';

const NOW = 1_770_798_600_000;

test.each([
  ['1770798600000', NOW],
  ['-5', -5],
  ['2026-02-11T08:30:00Z', NOW],
  ['2026-02-11T08:30:00.250Z', NOW + 250],
  ['2026-02-11T09:30:00+01:00', NOW],
  ['2026-02-11 08:30', NOW],
  ['2026-02-11', NOW - 8.5 * 3_600_000],
  ['now', NOW],
  ['now-90s', NOW - 90_000],
  ['now-1h', NOW - 3_600_000],
  ['now-2w', NOW - 2 * 604_800_000],
])('[HD4] %s is a moment', (text, ms) => {
  expect(parseMoment('from', text, NOW)).toEqual({ ok: true, value: ms });
});

test.each(['', 'yesterday', 'now+1h', 'now-1', '2026-13-01', '99999999999999999', '2026-02-11T8:30'])(
  '[HD4] %j is no moment, and what is one is said',
  (text) => {
    expect(parseMoment('from', text, NOW)).toEqual({
      ok: false,
      problem: `from is milliseconds since 1970, a time such as 2026-02-11T08:30:00Z, now, or now-1h; got ${JSON.stringify(text)}`,
    });
  },
);

test('[HD5] a span is milliseconds or has a unit', () => {
  expect(['250', '5s', '1m', '2h', '1d'].map((text) => parseSpan('step', text))).toEqual(
    [250, 5_000, 60_000, 7_200_000, 86_400_000].map((value) => ({ ok: true, value })),
  );
  expect(parseSpan('step', '0')).toMatchObject({ ok: false });
  expect(parseSpan('step', '5 s')).toMatchObject({ ok: false });
});
