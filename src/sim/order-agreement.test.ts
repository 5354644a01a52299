import { expect, test } from 'vitest';
import { OneOrder } from './checkers/one-order.ts';
import { orderDisagreements } from './order-agreement.ts';
import { Scenario } from './scenario.ts';

test('[SM39] a calm cluster agrees on one order, and every stored record is in it', () => {
  const scenario = settled();

  const { world, ledger } = scenario;
  const commits = world.nodes.map((node) => node.process?.peer.history?.commitIndex ?? 0);
  expect(world.problems).toEqual([]);
  expect(Math.min(...commits)).toBeGreaterThan(10);
  expect(orderDisagreements(world, ledger)).toEqual([]);
});

test('[SM39] a log that ends earlier at one of them is found, and so is a record that is in no log', () => {
  const { world, ledger } = settled();
  const [first, second] = world.nodes;
  const last = second?.disk.order.log.last ?? 0;

  second?.disk.order.log.cut(last - 1);
  const shorter = orderDisagreements(world, ledger);
  second?.disk.order.log.trim(last);
  first?.disk.order.log.trim(last - 1);
  const without = orderDisagreements(world, ledger);

  expect(shorter.join()).toContain('the order is known up to');
  expect(without.length).toBeGreaterThan(0);
});

test('[SM38] whoever takes something else for committed than the others did is caught', () => {
  const { world } = settled();
  const [ann, bob] = world.nodes;
  const complaints: string[] = [];
  const checker = new OneOrder(
    (_rule, _at, what) => complaints.push(what),
    (at) => world.node(at.index).disk.order,
  );
  if (ann === undefined || bob === undefined) throw new Error('there are three nodes');
  const { log, state } = ann.disk.order;
  const fact = { type: 'committed', group: state?.group ?? '', index: log.last, sequence: 0 } as const;

  checker.announced(ann, fact);
  checker.announced(ann, { ...fact, index: log.last - 1 });
  checker.announced(bob, { ...fact, index: log.last + 5 });
  bob.disk.order.log.restart(0);
  for (const entry of log.entries) {
    bob.disk.order.log.append({ ...entry, chain: { a: entry.chain.a, b: entry.chain.b + 1 } });
  }
  const again = { ...bob, index: bob.index, peer: bob.peer, address: bob.address, life: bob.life + 1 };
  checker.announced(again, fact);

  expect(complaints[0]).toContain('goes back');
  expect(complaints[1]).toContain('takes');
  expect(complaints[2]).toContain('has another entry');
});

/** Three peers of a calm day that all speak for a while. */
function settled(): Scenario {
  const scenario = new Scenario({
    seed: 5,
    nodes: 3,
    virtualMs: 20_000,
    faults: 'none',
    codec: false,
    story: false,
    mutation: null,
    order: 'on',
  });
  scenario.startAll(1_000);
  scenario.workload.begin();
  scenario.world.runUntil(20_000);
  scenario.workload.end();
  scenario.settle(60_000);
  expect(scenario.world.problems).toEqual([]);
  return scenario;
}
