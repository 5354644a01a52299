import { expect, onTestFinished, test } from 'vitest';
import type { LogRow } from '../../../src/api/log-row.ts';
import { apiOn, bob, type RunningApi } from '../../../src/api/testing.ts';
import { OrderTail } from './order-tail.ts';

test('[UI5] the end of the order goes on where it was, without a gap or a double', async () => {
  const node = await apiOn();
  const { tail, rows } = tailOf();
  tail.readFrom(node.base);
  await until(rows, node, 'a', 1);

  tail.readFrom(null);
  await node.say('b', 2);
  await node.say('c', 3);
  tail.readFrom(node.base);
  await expect.poll(() => rows.map(({ sensor }) => sensor).at(-1), { timeout: 20_000 }).toBe('c');

  const sequences = rows.map(({ sequence }) => sequence);
  expect(sequences).toEqual(sequences.map((_, at) => (sequences[0] ?? 0) + at));
  expect(rows.slice(-2).map(({ sensor }) => sensor)).toEqual(['b', 'c']);
});

test('[UI5] who does not want it any more reads nothing', async () => {
  const node = await apiOn({ self: bob });
  const { tail, rows, stop } = tailOf();
  tail.readFrom(node.base);
  await until(rows, node, 'a', 1);
  const before = rows.length;

  stop();
  await node.say('b', 2);
  const again = tailOf();
  again.tail.readFrom(node.base);
  await until(again.rows, node, 'c', 3);

  expect(rows.length).toBe(before);
});

function tailOf() {
  const rows: LogRow[] = [];
  const tail = new OrderTail((portion) => rows.push(...portion));
  const stop = tail.want();
  onTestFinished(stop);
  return { tail, rows, stop };
}

/** Says it until the tail has it: when the stream is open is nobody else's business. */
async function until(
  rows: readonly LogRow[],
  node: RunningApi,
  sensor: string,
  value: number,
): Promise<void> {
  await expect
    .poll(
      async () => {
        if (rows.length === 0) await node.say(sensor, value);
        return rows.length;
      },
      { timeout: 20_000, interval: 20 },
    )
    .toBeGreaterThan(0);
}
