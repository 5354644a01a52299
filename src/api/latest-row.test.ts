import { expect, test } from 'vitest';
import type { LatestReading } from '../model/view.ts';
import { aliveOrigins, latestRow } from './latest-row.ts';
import { ann, apiOn, bob, cat, dan, memberOf, sensorId } from './testing.ts';

const alive = { alive: new Set([ann]), registry: null };
const STORED = { commit: 'stored', group: null, sequence: null } as const;

test('[AP10] a reading is stale once it is older than three periods of its sensor', () => {
  const latest = latestOf({ periodMs: 1_000 });

  expect(latestRow(latest, STORED, 13_000, alive).stale).toBe(false);
  expect(latestRow(latest, STORED, 13_001, alive).stale).toBe(true);
});

test('[AP10] without a known period a reading is stale after 5 minutes', () => {
  const latest = latestOf({ periodMs: 0 });

  expect(latestRow(latest, STORED, 310_000, alive).stale).toBe(false);
  expect(latestRow(latest, STORED, 310_001, alive).stale).toBe(true);
});

test('[AP10] a reading of a dead, left or forgotten origin is stale, of a suspected one it is not', async () => {
  const { hub } = await apiOn();
  hub.others = [memberOf(bob, { status: 'dead' }), memberOf(cat, { status: 'suspected' })];

  const known = aliveOrigins(hub);
  const stale = [ann, bob, cat, dan].map(
    (origin) => latestRow(latestOf({ origin }), STORED, 10_000, { alive: known, registry: null }).stale,
  );

  expect(stale).toEqual([false, true, false, true]);
});

test('[AP10] a clock that runs ahead is flagged and does not keep a reading young', () => {
  const latest = latestOf({ tsMs: 900_000 });

  const row = latestRow(latest, STORED, 12_000, alive);

  expect(row.flags).toEqual(['clock']);
  expect(row.ts_ms).toBe(900_000);
  expect(row.age_ms).toBe(2_000);
});

test('[AP10] a sensor with several origins is flagged as a collision', () => {
  const row = latestRow(latestOf({ origins: [ann, bob] }), STORED, 10_000, alive);

  expect(row.flags).toEqual(['collision']);
});

test('[AP9] a reading says whether it has its place in the common order, and which', () => {
  const before = latestRow(latestOf({}), STORED, 10_000, alive);
  const after = latestRow(latestOf({}), { commit: 'committed', group: 'a1', sequence: 7 }, 10_000, alive);

  expect(before).toMatchObject({ commit: 'stored', group: null, sequence: null, n: 4, unit: 'Cel' });
  expect(after).toMatchObject({ commit: 'committed', group: 'a1', sequence: 7 });
});

function latestOf(given: Partial<LatestReading> & { readonly tsMs?: number }): LatestReading {
  const { tsMs = 10_000, ...latest } = given;
  return {
    origin: ann,
    identity: { birth: 1, random: '0123456789abcdef' },
    record: {
      kind: 'reading',
      n: 4,
      sensor: sensorId('bed1/temperature'),
      value: 21.5,
      tsMs,
      ingestTsMs: 10_000,
      lwwTsMs: 10_000,
    },
    unit: 'Cel',
    periodMs: 1_000,
    origins: [ann],
    ...latest,
  };
}
