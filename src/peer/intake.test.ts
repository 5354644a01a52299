import { expect, test } from 'vitest';
import type { Fact } from '../model/fact.ts';
import type { SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { Intake } from './intake.ts';

const KITCHEN = 'kitchen' as SensorId;
const HALL = 'hall' as SensorId;
const ARRIVED = 1_700_000_000_000;
const SKEW_MS = 5_000;

test('[PR1] each record takes the next n, from 1 and without gaps', () => {
  const { take } = intake();

  const first = take([{ sensor: KITCHEN, value: 1 }]);
  const second = take([
    { sensor: KITCHEN, value: 2 },
    { sensor: HALL, value: 3 },
  ]);

  expect([...first, ...second].map((record) => record.n)).toEqual([1, 2, 3]);
});

test('[PR1] an intake that resumes after what the disk had continues behind its highest n', () => {
  const { intake: resumed, take } = intake();
  resumed.resume([{ kind: 'meta', n: 7, sensor: KITCHEN, unit: 'Cel', periodMs: 0 }], 9);

  expect(take([{ sensor: KITCHEN, value: 1, unit: 'Cel' }]).map((record) => record.n)).toEqual([10]);
});

test('[PR3] a device without a clock gets the arrival time, corrected already by the caller', () => {
  const { take } = intake();

  expect(take([{ sensor: KITCHEN, value: 1 }])[0]).toMatchObject({ tsMs: ARRIVED, lwwTsMs: ARRIVED });
});

test('[PR3] a time ahead of the arrival by more than the skew competes with the arrival plus the skew', () => {
  const { take, facts } = intake();
  const yearAhead = ARRIVED + 31_536_000_000;

  const [within, beyond] = take([
    { sensor: KITCHEN, value: 1, tsMs: ARRIVED + SKEW_MS },
    { sensor: HALL, value: 2, tsMs: yearAhead },
  ]);

  expect(within).toMatchObject({ tsMs: ARRIVED + SKEW_MS, lwwTsMs: ARRIVED + SKEW_MS });
  expect(beyond).toMatchObject({ tsMs: yearAhead, lwwTsMs: ARRIVED + SKEW_MS });
  expect(facts).toEqual([{ type: 'clock-suspect', sensor: HALL, aheadMs: 31_536_000_000 }]);
});

test('[PR3] a time long past competes as it is', () => {
  const { take } = intake();

  expect(take([{ sensor: KITCHEN, value: 1, tsMs: 5 }])[0]).toMatchObject({ tsMs: 5, lwwTsMs: 5 });
});

test('[PR4] unit and period make a record of their own, once, before the reading', () => {
  const { take } = intake();

  const first = take([{ sensor: KITCHEN, value: 1, unit: 'Cel', periodMs: 500 }]);
  const same = take([{ sensor: KITCHEN, value: 2, unit: 'Cel' }]);
  const other = take([{ sensor: KITCHEN, value: 3, unit: 'K' }]);

  expect(first.map((record) => record.kind)).toEqual(['meta', 'reading']);
  expect(same.map((record) => record.kind)).toEqual(['reading']);
  expect(other[0]).toMatchObject({ kind: 'meta', unit: 'K', periodMs: 500 });
});

test('[PR4] a forgotten sensor has its unit cleared by a record, and tells it anew', () => {
  const { intake: forgetful, take } = intake();
  take([{ sensor: KITCHEN, value: 1, unit: 'Cel' }]);

  const forgotten = forgetful.forget([KITCHEN, HALL], ARRIVED);
  const back = take([{ sensor: KITCHEN, value: 2, unit: 'Cel' }]);

  expect(forgotten).toEqual([
    { kind: 'meta', n: 3, sensor: KITCHEN, unit: '', periodMs: 0 },
    { kind: 'tombstone', n: 4, sensor: KITCHEN, lwwTsMs: ARRIVED },
    { kind: 'tombstone', n: 5, sensor: HALL, lwwTsMs: ARRIVED },
  ]);
  expect(back.map((record) => record.kind)).toEqual(['meta', 'reading']);
});

test('[HB6] a reading of a sensor that is hidden competes with a time after its forgetting', () => {
  const { take } = intake(ARRIVED);

  const [early, late] = take([
    { sensor: KITCHEN, value: 2, tsMs: 6 },
    { sensor: KITCHEN, value: 3, tsMs: ARRIVED + 2 },
  ]);

  expect(early).toMatchObject({ tsMs: 6, lwwTsMs: ARRIVED + 1 });
  expect(late).toMatchObject({ tsMs: ARRIVED + 2, lwwTsMs: ARRIVED + 2 });
});

test('[PR7] what would exceed the sensors a node takes is refused whole, and known ones go on', () => {
  const { intake: full, take } = intake();
  const records = Array.from({ length: LIMITS.sensorsPerOriginMax }, (_, index) => ({
    kind: 'meta' as const,
    n: index + 1,
    sensor: `s${index}` as SensorId,
    unit: '',
    periodMs: 0,
  }));
  full.resume(records, 0);

  expect(full.take([{ sensor: KITCHEN, value: 1 }], ARRIVED, () => {})).toBeNull();
  expect(take([{ sensor: 's5' as SensorId, value: 1 }])[0]?.n).toBe(LIMITS.sensorsPerOriginMax + 1);
});

test('[WR19] the unit of each record goes along where any has one, also when it was told long before', () => {
  const { intake: one, take } = intake();
  take([{ sensor: KITCHEN, value: 1, unit: 'Cel' }]);

  const mixed = one.take(
    [
      { sensor: KITCHEN, value: 2 },
      { sensor: HALL, value: 3 },
      { sensor: KITCHEN, value: 4, unit: 'K' },
    ],
    ARRIVED,
    () => {},
  );
  const bare = one.take([{ sensor: HALL, value: 5 }], ARRIVED, () => {});

  expect(mixed?.units).toEqual(['Cel', '', 'K', 'K']);
  expect(mixed?.records).toHaveLength(4);
  expect(bare).not.toHaveProperty('units');
});

test('[PR8] records given up are written again with numbers that follow on', () => {
  const { intake: renamed, take } = intake();
  const old = take([{ sensor: KITCHEN, value: 1 }]);
  renamed.restart();

  const again = renamed.renumber([{ ...old[0], n: 41 } as (typeof old)[number]]);

  expect(again).toEqual({ records: [{ ...old[0], n: 1 }] });
  expect(renamed.lastN).toBe(1);
});

function intake(forgottenTsMs: number | null = null) {
  const facts: Fact[] = [];
  const one = new Intake({ maxClockSkewMs: SKEW_MS, forgottenTsMs: () => forgottenTsMs });
  const take = (readings: Parameters<Intake['take']>[0]) =>
    one.take(readings, ARRIVED, (fact) => facts.push(fact))?.records ?? [];
  return { intake: one, take, facts };
}
