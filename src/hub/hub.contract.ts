// What every hub does, whoever carries the peer behind it.

import { expect, test } from 'vitest';
import { must } from '../kit/assert.ts';
import type { SensorId } from '../model/ids.ts';
import type { Reading } from '../model/reading.ts';
import { retainedName, retainedText, retainedValue } from '../model/retained-topic.ts';
import { CommandRefused, type Hub, NotCommitted, SubmitRefused } from './hub.ts';
import type { MemoryHistory } from './memory-history.ts';

export interface HubUnderTest {
  readonly hub: Hub;
  /** The order behind it: with a quorum, what is stored is committed at once. */
  readonly history: MemoryHistory;
  stop(): Promise<void>;
}

const KITCHEN = 'kitchen/temperature' as SensorId;
const HALL = 'hall/door' as SensorId;

export function hubContract(name: string, start: (changesKept: number) => Promise<HubUnderTest>): void {
  async function withHub(
    changesKept: number,
    use: (hub: Hub, under: HubUnderTest) => Promise<void>,
  ): Promise<void> {
    const under = await start(changesKept);
    try {
      await use(under.hub, under);
    } finally {
      await under.stop();
    }
  }

  test(`[HB5] ${name}: a submit resolves with the first n, and the readings are the latest`, () =>
    withHub(16, async (hub) => {
      const first = await hub.submit([reading(KITCHEN, 21), reading(HALL, true)], 'stored');
      const second = await hub.submit([reading(KITCHEN, 22)], 'stored');

      expect(second.firstN).toBeGreaterThan(first.firstN + 1);
      expect(hub.latestOf(KITCHEN)?.record.value).toBe(22);
      expect([...hub.latest()].map(({ record }) => record.sensor).sort()).toEqual([HALL, KITCHEN]);
    }));

  test(`[HB5] ${name}: a submit of nothing is refused`, () =>
    withHub(16, async (hub) => {
      const refused = await hub.submit([], 'stored').catch((error: unknown) => error);

      expect(refused).toBeInstanceOf(SubmitRefused);
    }));

  test(`[MQ12] ${name}: a retained topic that is no sensor is not among the sensors`, () =>
    withHub(16, async (hub) => {
      const name = retainedName('hall/note') as SensorId;
      await hub.submit([reading(KITCHEN, 21), reading(name, retainedValue('some text'))], 'stored');
      const { cursor } = hub.changes(0, 16);

      expect([...hub.latest()].map(({ record }) => record.sensor)).toEqual([KITCHEN]);
      expect([...hub.retained()].map(({ record }) => retainedText(record.value))).toEqual(['some text']);
      expect(hub.latestOf(name)).not.toBeNull();
      expect(cursor).toBe(1);
    }));

  test(`[HB9] ${name}: committed resolves once the readings have their places`, () =>
    withHub(16, async (hub) => {
      const stored = await hub.submit([reading(KITCHEN, 21), reading(HALL, true)], 'committed');
      const { readings } = await hub.log(1, 10);

      expect(readings.map(({ sensor, value }) => [sensor, value])).toEqual([
        [KITCHEN, 21],
        [HALL, true],
      ]);
      expect(readings[0]).toMatchObject({ sequence: 1, n: stored.firstN, origin: hub.self });
      expect(hub.committedN({ origin: hub.self, identity: hub.identity })).toBe(stored.firstN + 1);
    }));

  test(`[HB9] ${name}: without a quorum committed is refused at once, and the readings are stored all the same`, () =>
    withHub(16, async (hub, { history }) => {
      history.quorum = false;
      const why = await hub.submit([reading(KITCHEN, 21)], 'committed').catch((error: unknown) => error);

      expect(why).toBeInstanceOf(NotCommitted);
      expect((why as NotCommitted).stored.firstN).toBe(hub.latestOf(KITCHEN)?.record.n);
      expect(hub.order()).toMatchObject({ quorum: false, watermark: 0 });
      history.quorum = true;
      expect((await hub.log(1, 10)).readings.map(({ value }) => value)).toEqual([21]);
    }));

  test(`[HB9] ${name}: a key that comes again is answered for the same readings, committed by then`, () =>
    withHub(16, async (hub, { history }) => {
      history.quorum = false;
      const receipt = { key: 'k1', answer: 'one' };
      const first = await hub.submit([reading(KITCHEN, 21)], 'committed', receipt).catch((why) => why);
      history.quorum = true;
      const again = await hub.submit([reading(KITCHEN, 21)], 'committed', receipt);

      expect(first).toBeInstanceOf(NotCommitted);
      expect(again).toEqual({ firstN: first.stored.firstN, answer: 'one' });
      expect((await hub.log(1, 10)).readings).toHaveLength(1);
    }));

  test(`[HB7] ${name}: the log is read on from any sequence, each reading once, with all that names it`, () =>
    withHub(16, async (hub) => {
      await hub.submit([{ ...reading(KITCHEN, 1), unit: 'Cel' }, reading(HALL, true)], 'stored');
      await hub.submit([reading(KITCHEN, 2), reading(HALL, false), reading(KITCHEN, 3)], 'stored');

      const one = await hub.log(1, 3);
      const two = await hub.log(one.next, 3);
      const none = await hub.log(two.next, 3);

      const rows = [...one.readings, ...two.readings];
      expect(rows.map(({ sequence, value }) => [sequence, value])).toEqual([
        [1, 1],
        [2, true],
        [3, 2],
        [4, false],
        [5, 3],
      ]);
      expect(one).toMatchObject({ first: 1, watermark: 5, next: 4, group: hub.order().group });
      expect(none).toMatchObject({ readings: [], next: 6 });
      expect(rows[0]).toMatchObject({ identity: hub.identity, flags: [], tsMs: expect.any(Number) });
    }));

  test(`[HB8] ${name}: the unit of a reading is in the log itself, also where it was told long before`, () =>
    withHub(16, async (hub, { history }) => {
      await hub.submit([{ ...reading(KITCHEN, 1), unit: 'Cel' }], 'stored');
      await hub.submit([reading(HALL, true), reading(KITCHEN, 2)], 'stored');
      history.trim(1);

      const { first, readings } = await hub.log(1, 10);

      expect(first).toBe(2);
      expect(readings.map(({ sequence, unit }) => [sequence, unit])).toEqual([
        [2, ''],
        [3, 'Cel'],
      ]);
    }));

  test(`[HB7] ${name}: a log that cannot be read is told of, not shown as empty`, () =>
    withHub(16, async (hub, { history }) => {
      await hub.submit([reading(KITCHEN, 1)], 'stored');
      history.unreadable = new Error('the disk failed');

      await expect(hub.log(1, 10)).rejects.toThrow('the disk failed');
    }));

  test(`[HB10] ${name}: a reading is committed once its place is given, and says which`, () =>
    withHub(16, async (hub, { history }) => {
      await hub.submit([reading(HALL, true)], 'stored');
      history.quorum = false;
      await hub.submit([reading(KITCHEN, 21)], 'stored');
      const before = hub.commitOf(must(hub.latestOf(KITCHEN), 'it is shown'));
      history.quorum = true;
      const after = hub.commitOf(must(hub.latestOf(KITCHEN), 'it is shown'));

      expect(before).toEqual({ commit: 'stored', group: null, sequence: null });
      expect(after).toEqual({ commit: 'committed', group: hub.order().group, sequence: 2 });
    }));

  test(`[HB4] ${name}: who follows hears how far the order is committed`, () =>
    withHub(16, async (hub) => {
      const heard: number[] = [];
      hub.follow(({ fact }) => {
        if (fact.type === 'committed') heard.push(fact.sequence);
      });
      await hub.submit([reading(KITCHEN, 21), reading(HALL, true)], 'stored');
      await hub.submit([reading(KITCHEN, 22)], 'stored');

      expect(heard).toEqual([2, 3]);
      expect(hub.facts().some(({ fact }) => fact.type === 'committed')).toBe(false);
    }));

  test(`[HB11] ${name}: a command goes to the group, and a refusal says why`, () =>
    withHub(16, async (hub, { history }) => {
      await hub.command({ kind: 'transfer', to: hub.self });
      history.refusal = 'bob is no voter';

      await expect(hub.command({ kind: 'leave' })).rejects.toThrow(CommandRefused);
      await expect(hub.command({ kind: 'leave' })).rejects.toThrow('bob is no voter');
      expect(history.commands).toEqual([{ kind: 'transfer', to: hub.self }]);
    }));

  test(`[PR5] ${name}: the same Idempotency-Key is answered the same and takes no new n`, () =>
    withHub(16, async (hub) => {
      const receipt = { key: 'k1', answer: 'one' };
      const first = await hub.submit([reading(KITCHEN, 21)], 'stored', receipt);
      const again = await hub.submit([reading(KITCHEN, 99)], 'stored', { key: 'k1', answer: 'other' });

      expect(again).toEqual(first);
      expect(hub.answered('k1')).toMatchObject({ firstN: first.firstN, answer: 'one' });
      expect(hub.answered('k2')).toBeNull();
      expect(hub.latestOf(KITCHEN)?.record.value).toBe(21);
    }));

  test(`[HB1] ${name}: changes are read on by cursor, each once`, () =>
    withHub(16, async (hub) => {
      const start = hub.changes(0, 100).cursor;
      await hub.submit([reading(KITCHEN, 21)], 'stored');
      await hub.submit([reading(KITCHEN, 22)], 'stored');

      const one = hub.changes(start, 1);
      const two = hub.changes(one.cursor, 100);
      const none = hub.changes(two.cursor, 100);

      expect(one.changes.map((change) => change.latest?.record.value)).toEqual([21]);
      expect(two.changes.map((change) => change.latest?.record.value)).toEqual([22]);
      expect(none).toEqual({ changes: [], cursor: two.cursor, reset: false });
    }));

  test(`[HB2] ${name}: a cursor older than the ring, or from the future, is told to start anew`, () =>
    withHub(2, async (hub) => {
      for (const value of [1, 2, 3, 4]) await hub.submit([reading(KITCHEN, value)], 'stored');

      expect(hub.changes(0, 100)).toMatchObject({ reset: true, changes: [] });
      expect(hub.changes(1_000, 100)).toMatchObject({ reset: true, changes: [] });
    }));

  test(`[HB4] ${name}: who follows hears of every change of a register`, () =>
    withHub(16, async (hub) => {
      const heard: string[] = [];
      const stopFollowing = hub.follow(({ fact }) => heard.push(fact.type));
      await hub.submit([reading(KITCHEN, 21)], 'stored');
      stopFollowing();
      const countBefore = heard.length;
      await hub.submit([reading(KITCHEN, 22)], 'stored');

      expect(heard).toContain('registers-changed');
      expect(heard.length).toBe(countBefore);
    }));

  test(`[HB6] ${name}: a forgotten sensor is gone until it speaks again`, () =>
    withHub(16, async (hub) => {
      await hub.submit([reading(KITCHEN, 21), reading(HALL, true)], 'stored');
      const { cursor } = hub.changes(0, 100);
      await hub.forget([KITCHEN]);

      expect(hub.latestOf(KITCHEN)).toBeNull();
      expect([...hub.latest()].map(({ record }) => record.sensor)).toEqual([HALL]);
      const forgotten = must(hub.changes(cursor, 100).changes[0], 'forgetting is a change');
      expect(forgotten).toMatchObject({ sensor: KITCHEN, latest: null });
    }));

  test(`[HB5] ${name}: the node itself is among the members, alive`, () =>
    withHub(16, async (hub) => {
      const self = hub.members().filter((member) => member.self);

      expect(self).toHaveLength(1);
      expect(self[0]).toMatchObject({ peer: hub.self, status: 'alive' });
    }));
}

function reading(sensor: SensorId, value: Reading['value']): Reading {
  return { sensor, value };
}
