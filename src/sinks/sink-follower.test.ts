import { afterEach, expect, test, vi } from 'vitest';
import { Order } from '../history/testing.ts';
import { silentLog } from '../kit/testing.ts';
import { SinkFollower } from './sink-follower.ts';
import type { SinkOptions } from './sink-options.ts';
import { MemoryTarget } from './testing.ts';

const followers: SinkFollower[] = [];
afterEach(async () => {
  await Promise.all(followers.splice(0).map((follower) => follower.stop()));
});

test('[SK2] committed readings are handed over in their order, from where the target stands', async () => {
  const order = orderOf(5);
  const target = new MemoryTarget();
  target.place = { group: order.history.extent().group ?? '', sequence: 2 };

  const follower = followed(order, target);
  await settled(order, follower);
  order.batch(['a', 6], ['b', 7]);
  follower.committed();
  await settled(order, follower);

  expect(target.rows.map(({ sequence }) => sequence)).toEqual([3, 4, 5, 6, 7]);
  expect(follower.view()).toMatchObject({ state: 'writing', sequence: 7, lagReadings: 0, readings: 5 });
});

test('[SK4] only the sensors that were chosen are handed over, and the place goes on behind the others', async () => {
  const order = orderOf(0).batch(['hall/a', 1], ['attic/b', 2], ['hall/c', 3], ['attic/d', 4]);
  const target = new MemoryTarget();

  const follower = followed(order, target, { sensors: ['hall/#'] });
  await settled(order, follower);

  expect(target.rows.map(({ sensor }) => sensor)).toEqual(['hall/a', 'hall/c']);
  expect(target.place?.sequence).toBe(4);
});

test('[SK6] a target that is down is told with its error and its lag, and gets all when it is back', async () => {
  const order = orderOf(3);
  const target = new MemoryTarget();
  target.down = new Error('the disk there is full');

  const follower = followed(order, target);
  await vi.waitFor(() => expect(follower.view().failures).toBeGreaterThan(1), WAIT);
  const down = follower.view();
  target.down = null;
  await settled(order, follower);

  expect(down).toMatchObject({ state: 'failing', lagReadings: 3, lastError: 'the disk there is full' });
  expect(follower.view()).toMatchObject({ state: 'writing', lagReadings: 0 });
  expect(target.rows).toHaveLength(3);
});

test('[SK6] a target that gives no answer is given up after its time, and asked anew', async () => {
  const order = orderOf(3);
  const target = new MemoryTarget();
  target.mute = true;

  const follower = followed(order, target, { timeoutMs: 100 });
  await vi.waitFor(() => expect(follower.view().lastError).toBe('no answer within 100 ms'), WAIT);
  target.mute = false;
  await settled(order, follower);

  expect(target.rows.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
});

test('[SK6] readings that left the log before their turn are counted, and the sink goes on behind them', async () => {
  const order = orderOf(5);
  order.history.trim(3);
  const target = new MemoryTarget();

  const follower = followed(order, target);
  await settled(order, follower);

  expect(target.rows.map(({ sequence }) => sequence)).toEqual([4, 5]);
  expect(follower.view()).toMatchObject({ missed: 3, lagReadings: 0 });
});

test('[SK3] in the order of another group only what the target lacks is handed over', async () => {
  const order = orderOf(3);
  const target = new MemoryTarget();
  const follower = followed(order, target);
  await settled(order, follower);
  const former = order.entries;

  order.history.startGroup('00000000000000b2');
  for (const { body, count } of former) order.history.append(body, count);
  order.batch(['a', 4]);
  follower.committed();
  await settled(order, follower);

  expect(target.rows.map(({ group, n }) => `${group.slice(-2)} ${n}`)).toEqual([
    'a1 1',
    'a1 2',
    'a1 3',
    'b2 4',
  ]);
  expect(target.place).toEqual({ group: '00000000000000b2', sequence: 4 });
});

test('[SK5] a node that does not lead leaves the target to who moves it on, and takes over when nobody does', async () => {
  const order = orderOf(3);
  const target = new MemoryTarget();
  const leader = followed(order, target);
  await settled(order, leader);
  const other = followed(order, target, { takeoverMs: 300 }, false);
  await vi.waitFor(() => expect(other.view().state).toBe('watching'), WAIT);

  await leader.stop();
  order.batch(['a', 4]);
  other.committed();
  await settled(order, other);

  expect(other.view()).toMatchObject({ state: 'writing', readings: 1 });
  expect(target.rows.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
});

test('[SK7] what stands from a sequence on is handed over again', async () => {
  const order = orderOf(6);
  const target = new MemoryTarget();
  const follower = followed(order, target);
  await settled(order, follower);
  target.rows.splice(2);

  follower.replay(3);
  await vi.waitFor(() => expect(target.rows).toHaveLength(6), WAIT);

  expect(target.rows.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
});

const WAIT = { timeout: 20_000, interval: 10 };

/** So many readings, each an entry of its own. */
function orderOf(readings: number): Order {
  const order = new Order();
  for (let at = 1; at <= readings; at++) order.batch(['a', at]);
  return order;
}

function followed(
  order: Order,
  target: MemoryTarget,
  options: Partial<SinkOptions> = {},
  leads = true,
): SinkFollower {
  const sink: SinkOptions = {
    name: 'archive',
    sensors: ['#'],
    writer: 'one',
    batchMax: 2,
    flushMs: 0,
    timeoutMs: 10_000,
    takeoverMs: 10_000,
    engine: { type: 'parquet', path: '/nowhere' },
    ...options,
  };
  const follower = new SinkFollower(silentLog, {
    sink,
    source: order.history,
    leads: () => leads,
    open: () => target.open(),
  });
  followers.push(follower);
  return follower;
}

/** Until the target has all that is committed. */
async function settled(order: Order, follower: SinkFollower): Promise<void> {
  const { group, watermark } = order.history.extent();
  await vi.waitFor(
    () => expect(follower.view()).toMatchObject({ group, sequence: watermark, lagReadings: 0 }),
    WAIT,
  );
}
