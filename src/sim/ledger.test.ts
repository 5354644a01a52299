import { expect, test } from 'vitest';
import { serialOf } from './ledger.ts';
import { Scenario } from './scenario.ts';

test('[SM8] every reading has a value of its own, and the ledger has each under one name', () => {
  const scenario = new Scenario({
    seed: 4,
    nodes: 3,
    virtualMs: 30_000,
    faults: 'none',
    codec: false,
    story: false,
    mutation: null,
    order: 'off',
  });

  const { problems, counts } = scenario.run();

  const records = [...scenario.ledger.streams()].flatMap(({ contents }) => contents.flat());
  const serials = records.flatMap((record) => serialOf(record) ?? []);
  expect(problems).toEqual([]);
  expect(serials.length).toBeGreaterThan(20);
  expect(new Set(serials).size).toBe(serials.length);
  expect(records.length).toBe(counts.records);
});

test('[SM8] what is lost with a disk counts as kept no longer', () => {
  const scenario = new Scenario({
    seed: 5,
    nodes: 3,
    virtualMs: 30_000,
    faults: 'none',
    codec: false,
    story: false,
    mutation: null,
    order: 'off',
  });
  scenario.run();
  const { ledger, world } = scenario;
  const [ann] = world.nodes;
  const written = ann && ledger.lastKept(ann.peer).size;

  if (ann) {
    world.crash(ann, true);
    world.replaceDisk(ann, { hardState: null, snapshot: null, batches: [] });
  }

  expect(written).toBeGreaterThan(0);
  expect(ann && ledger.lastKept(ann.peer).size).toBe(0);
  expect(ann && ledger.streamsOf(ann.peer)[0]?.durableN).toBeGreaterThan(0);
});
