import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Input, OrderRequests } from '../peer/port.ts';
import { orderRequests } from './order-requests.ts';
import { NodeInTest, OrderInTest } from './storage/testing.ts';

test('[HO11] what one turn appends goes to the disk together and is answered once', async () => {
  await withNode(async ({ node, requests, answered }) => {
    const before = node.store.counters().history_groups_total ?? 0;
    for (let i = 0; i < 3; i++) requests.appendLog([node.order.next(20)], 4, 0);

    const first = await answered('log-appended');
    requests.appendLog([node.order.next(20)], 4, 2);
    const second = await answered('log-appended');

    expect([first, second]).toEqual([
      { type: 'log-appended', upto: 3, version: 4 },
      { type: 'log-appended', upto: 4, version: 4 },
    ]);
    expect((node.store.counters().history_groups_total ?? 0) - before).toBe(2);
  });
});

test('[HO11] a cut in the same turn comes behind what was appended before it, and before what comes after', async () => {
  await withNode(async ({ node, requests, answered }) => {
    const [first, ...others] = [20, 30, 40].map((bytes) => node.order.next(bytes));
    if (first === undefined) throw new Error('three entries were made');
    const anew = new OrderInTest(node.order.identity, { ...node.log, entries: [first] });

    requests.appendLog([first, ...others], 0, 0);
    requests.cutLog(1, 1);
    requests.appendLog([anew.next(50)], 1, 0);

    const answers = [await answered('log-appended'), await answered('log-appended')];
    expect(answers).toMatchObject([
      { upto: 3, version: 0 },
      { upto: 2, version: 1 },
    ]);
    expect((await node.readAll()).map(({ bytes }) => bytes)).toEqual([first.bytes, anew.entries[0]?.bytes]);
  });
});

async function withNode(
  use: (given: {
    readonly node: NodeInTest;
    readonly requests: OrderRequests;
    /** The next answer of that type. */
    readonly answered: (type: Input['type']) => Promise<Input>;
  }) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'sensorium-requests-'));
  const node = await NodeInTest.open(directory);
  const inputs: Input[] = [];
  let heard = (): void => {};
  const requests = orderRequests(node.store, (input) => {
    inputs.push(input);
    heard();
  });
  const answered = async (type: Input['type']): Promise<Input> => {
    for (;;) {
      const at = inputs.findIndex((input) => input.type === type);
      const [found] = at < 0 ? [] : inputs.splice(at, 1);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };
  try {
    await use({ node, requests, answered });
  } finally {
    await node.end();
    await rm(directory, { recursive: true });
  }
}
