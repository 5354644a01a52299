// What every sink does, whatever engine stands behind it.

import { afterEach, expect, test } from 'vitest';
import type { LogReading } from '../hub/log-page.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import type { Value } from '../model/reading.ts';
import { type Sink, SinkMoved, unwritten } from './sink.ts';

export interface SinkUnderTest {
  /** Another connection to the same target. */
  readonly open: () => Sink;
  /** What the target has, in the order of n, each row as often as it is there. */
  readonly rows: () => Promise<readonly SinkRow[]>;
  readonly clear: () => Promise<void>;
  /** A second writer is told so, before it writes anything. */
  readonly noticesOthers: boolean;
  /** What comes again is not there twice. */
  readonly keepsOnce: boolean;
}

export interface SinkRow {
  readonly sensor: string;
  readonly n: number;
  readonly value: Value;
}

const A = '00000000000000a1';
const B = '00000000000000b2';

export function sinkContract(name: string, under: () => SinkUnderTest): void {
  const opened: Sink[] = [];

  async function connected(): Promise<Sink> {
    const sink = under().open();
    opened.push(sink);
    await sink.connect();
    return sink;
  }

  afterEach(async () => {
    for (const sink of opened.splice(0)) await sink.close();
    await under().clear();
  });

  test(`[SK2] ${name}: a target that has nothing stands nowhere, and then where it was brought, whoever asks`, async () => {
    const sink = under().open();
    opened.push(sink);
    const before = await sink.connect();

    await sink.write({ group: A, readings: readings(1, 3), upto: 3 });
    await sink.write({ group: A, readings: [], upto: 7 });
    await sink.close();
    const again = under().open();
    opened.push(again);

    expect(before).toBeNull();
    expect(await again.connect()).toEqual({ group: A, sequence: 7 });
  });

  test(`[SK4] ${name}: the target has each reading with its value and its name`, async () => {
    const sink = await connected();
    const values: Value[] = [
      21.5,
      -0.001,
      true,
      'said "so"\\, \n and so on \u00e4\u{1f600}',
      { a: 1, b: 'x', c: false },
    ];

    await sink.write({ group: A, readings: values.map((value, at) => reading(at + 1, value)), upto: 5 });

    expect((await under().rows()).map(({ value }) => value)).toEqual(values);
    expect((await under().rows()).map(({ sensor }) => sensor)).toEqual(values.map(() => 'hall 1/t.x'));
  });

  test(`[SK3] ${name}: what another connection wrote is seen, and no row is there twice`, async () => {
    const [first, second] = [await connected(), await connected()];
    await first.write({ group: A, readings: readings(1, 3), upto: 3 });

    const late = await second.write({ group: A, readings: readings(1, 3), upto: 3 }).catch((cause) => cause);
    const place = await second.place();
    await second.write({ group: A, readings: readings(4, 5), upto: 5 });

    if (under().noticesOthers) expect(late).toBeInstanceOf(SinkMoved);
    expect(place).toEqual({ group: A, sequence: 3 });
    if (under().keepsOnce) expect(await numbers()).toEqual([1, 2, 3, 4, 5]);
  });

  test(`[SK7] ${name}: after it was set back, the target takes what follows once more`, async () => {
    const sink = await connected();
    await sink.write({ group: A, readings: readings(1, 6), upto: 6 });

    await sink.rewind({ group: A, sequence: 3 });
    await sink.write({ group: A, readings: readings(4, 6), upto: 6 });
    await sink.write({ group: A, readings: readings(7, 8), upto: 8 });
    const again = await connected();

    expect(await again.place()).toEqual({ group: A, sequence: 8 });
    if (under().keepsOnce) expect(await numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test(`[SK3] ${name}: in the order of another group, what the target has is not there twice`, async () => {
    const first = await connected();
    await first.write({ group: A, readings: readings(1, 3), upto: 3 });
    const second = await connected();
    await second.write({ group: B, readings: unwritten(readings(1, 2), await second.written(B)), upto: 2 });
    const third = await connected();

    const rest = unwritten(readings(3, 5), await third.written(B));
    await third.write({ group: B, readings: rest, upto: 5 });

    expect(await third.place()).toEqual({ group: B, sequence: 5 });
    if (under().keepsOnce) expect(await numbers()).toEqual([1, 2, 3, 4, 5]);
  });

  test(`[SK2] ${name}: what is closed writes no more`, async () => {
    const sink = await connected();
    await sink.close();

    await expect(sink.write({ group: A, readings: readings(1, 1), upto: 1 })).rejects.toThrow();
    expect(await numbers()).toEqual([]);
  });

  async function numbers(): Promise<readonly number[]> {
    return (await under().rows()).map(({ n }) => n);
  }
}

/** Their sequences are their n. */
export function readings(from: number, to: number): readonly LogReading[] {
  return Array.from({ length: to - from + 1 }, (_, at) => reading(from + at, from + at));
}

export function reading(n: number, value: Value, tsMs = 1_770_798_600_000 + n): LogReading {
  return {
    sequence: n,
    sensor: 'hall 1/t.x' as SensorId,
    origin: 'ann' as PeerId,
    identity: { birth: 1, random: '00000000000000aa' },
    n,
    tsMs,
    ingestTsMs: tsMs,
    value,
    unit: 'Cel',
    flags: [],
  };
}
