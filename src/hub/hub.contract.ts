// What every hub does, whoever carries the peer behind it.

import { expect, test } from 'vitest';
import { must } from '../kit/assert.ts';
import type { SensorId } from '../model/ids.ts';
import type { Reading } from '../model/reading.ts';
import { type Hub, SubmitRefused } from './hub.ts';

export interface HubUnderTest {
  readonly hub: Hub;
  stop(): Promise<void>;
}

const KITCHEN = 'kitchen/temperature' as SensorId;
const HALL = 'hall/door' as SensorId;

export function hubContract(name: string, start: (changesKept: number) => Promise<HubUnderTest>): void {
  async function withHub(changesKept: number, use: (hub: Hub) => Promise<void>): Promise<void> {
    const { hub, stop } = await start(changesKept);
    try {
      await use(hub);
    } finally {
      await stop();
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

  test(`[HB5] ${name}: committed is refused, to be tried again, as long as there is no order`, () =>
    withHub(16, async (hub) => {
      const refusal = await hub.submit([reading(KITCHEN, 21)], 'committed').catch((why: unknown) => why);

      expect(refusal).toBeInstanceOf(SubmitRefused);
      expect((refusal as SubmitRefused).retry).toBe(true);
      expect(hub.latestOf(KITCHEN)).toBeNull();
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
