import { expect, test } from 'vitest';
import { must } from '../kit/assert.ts';
import { parseSensorId } from '../model/ids.ts';
import type { Reading } from '../model/reading.ts';
import { EMPTY_DISK } from './disk.ts';
import { ann, bob, CALM, type EchoProcess, echoWorld, ping } from './echo.testing.ts';
import type { SimNode } from './node.ts';

test('[SM2] a process hears from its disk before anybody can reach it', () => {
  const world = echoWorld(2);

  expect(processOf(world.node(0)).types()).toEqual(['hard-state-saved']);
  expect(world.node(0).up).toBe(true);
});

test('[SM3] a connection keeps the order of its frames, however long each of them takes', () => {
  const world = echoWorld(2, { paths: { ...CALM, spikeChance: 0.5, spikeMs: 500 } });

  for (let nonce = 1; nonce <= 8; nonce++) outOf(world.node(0)).send(bob, ping(nonce), 'stream');
  world.runUntil(10_000);

  expect(processOf(world.node(1)).nonces()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(processOf(world.node(1)).types()).toContain('link-up');
});

test('[SM3] datagrams are lost, doubled and overtaken', () => {
  const paths = { ...CALM, spikeChance: 0.5, spikeMs: 500, lossChance: 0.2, duplicateChance: 0.2 };
  const world = echoWorld(2, { paths });

  for (let nonce = 1; nonce <= 100; nonce++) outOf(world.node(0)).send(bob, ping(nonce), 'datagram');
  world.runUntil(10_000);

  const nonces = processOf(world.node(1)).nonces();
  expect(new Set(nonces).size).toBeLessThan(100);
  expect(nonces.length).toBeGreaterThan(new Set(nonces).size);
  expect(nonces).not.toEqual([...nonces].sort((a, b) => a - b));
});

test('[SM3] frames sent into a cut path arrive in order once it is whole', () => {
  const world = echoWorld(2);
  outOf(world.node(0)).contact(world.node(1).address);
  world.runUntil(1_000);

  world.paths.cut(0, 1);
  for (let nonce = 1; nonce <= 3; nonce++) outOf(world.node(0)).send(bob, ping(nonce), 'stream');
  world.runUntil(3_000);
  const whileCut = processOf(world.node(1)).nonces();
  world.paths.mend(0, 1);
  world.runUntil(4_000);

  expect(whileCut).toEqual([]);
  expect(processOf(world.node(1)).nonces()).toEqual([1, 2, 3]);
});

test('[SM3] a connection whose path stays cut is given up by both ends, and its frames with it', () => {
  const world = echoWorld(2);
  outOf(world.node(0)).contact(world.node(1).address);
  world.runUntil(1_000);

  world.paths.cut(0, 1);
  outOf(world.node(0)).send(bob, ping(1), 'stream');
  world.runUntil(7_000);
  world.paths.mend(0, 1);
  world.runUntil(8_000);

  expect(lastOf(world.node(0))).toEqual({ type: 'link-down', peer: bob, cause: 'silent' });
  expect(lastOf(world.node(1))).toEqual({ type: 'link-down', peer: ann, cause: 'silent' });
  expect(processOf(world.node(1)).nonces()).toEqual([]);
});

test('[SM3] one path may be cut while the way back is whole', () => {
  const world = echoWorld(2);

  world.paths.cut(0, 1);
  outOf(world.node(0)).send(bob, ping(1), 'datagram');
  outOf(world.node(1)).send(ann, ping(2), 'datagram');
  world.runUntil(1_000);

  expect(processOf(world.node(1)).nonces()).toEqual([]);
  expect(processOf(world.node(0)).nonces()).toEqual([2]);
});

test('[SM4] the system of a crashed process closes its connections, that of a machine without power does not', () => {
  const world = echoWorld(3);
  outOf(world.node(0)).contact(world.node(1).address);
  outOf(world.node(0)).contact(world.node(2).address);
  world.runUntil(1_000);

  world.crash(world.node(1), true);
  world.crash(world.node(2), false);
  world.runUntil(1_100);
  const soon = processOf(world.node(0)).inputs.map(({ input }) => input);
  world.runUntil(7_000);

  expect(soon.at(-1)).toEqual({ type: 'link-down', peer: bob, cause: 'closed' });
  expect(lastOf(world.node(0))).toMatchObject({ type: 'link-down', cause: 'silent' });
});

test('[SM4] who dials a machine without a process is refused, without power or path hears nothing', () => {
  const world = echoWorld(3);
  world.crash(world.node(1), true);
  world.crash(world.node(2), false);

  outOf(world.node(0)).contact(world.node(1).address);
  outOf(world.node(0)).contact(world.node(2).address);
  world.runUntil(5_000);

  const causes = processOf(world.node(0)).inputs.flatMap(({ input }) => {
    return input.type === 'contact-failed' ? [`${input.address.host} ${input.cause}`] : [];
  });
  expect(causes).toEqual(['bob refused', 'cat timeout']);
});

test('[SM4] a crash loses what the disk had not yet answered for, except a beginning of it', () => {
  const kept = Array.from({ length: 40 }, (_, seed) => {
    const world = echoWorld(1, { seed });
    const node = world.node(0);
    for (let i = 1; i <= 3; i++) node.submit([reading(i)]);
    world.crash(node, true);
    return node.disk.content().batches.map(({ records }) => records[0]?.n);
  });

  expect(new Set(kept.map((numbers) => numbers.join(' ')))).toEqual(new Set(['', '1', '1 2', '1 2 3']));
});

test('[SM4] a process starts with all that its disk answered for, and with nothing after the disk was lost', () => {
  const world = echoWorld(1);
  const node = world.node(0);
  node.submit([reading(1)]);
  world.runUntil(100);

  world.crash(node, true);
  world.start(node);
  const again = processOf(node).boot.recovered;
  world.crash(node, true);
  world.replaceDisk(node, EMPTY_DISK);
  world.start(node);
  const fresh = processOf(node).boot.recovered;

  expect(again.batches.length).toBe(1);
  expect(again.hardState.incarnation).toBe(1);
  expect(fresh.batches.length).toBe(0);
  expect(fresh.hardState.incarnation).toBe(0);
  expect(fresh.hardState.identity).not.toEqual(again.hardState.identity);
});

test('[SM5] a paused process does nothing, then hears how long it was away before all that came meanwhile', () => {
  const world = echoWorld(2);
  const node = world.node(1);
  processOf(node).wakeAt = 100;
  outOf(node).contact(world.node(0).address);

  node.pause();
  outOf(world.node(0)).send(bob, ping(7), 'datagram');
  world.runUntil(2_010);
  const whilePaused = processOf(node).types();
  node.resume();

  expect(whilePaused).toEqual(['hard-state-saved']);
  expect(processOf(node).inputs[1]?.input).toEqual({ type: 'stalled', forMs: 2_000 });
  expect(processOf(node).types().slice(2).sort()).toEqual(['link-up', 'received', 'wake']);
});

test('[SM5] a process is woken at its deadline by its own clock, however fast that runs', () => {
  const world = echoWorld(1);
  const node = world.node(0);
  node.clock.setRate(2, world.timeline.nowMs);
  processOf(node).wakeAt = 1_010;
  node.submit([reading(1)]);

  world.runUntil(5_000);

  const woken = processOf(node).inputs.find(({ input }) => input.type === 'wake');
  expect(woken?.now.steadyMs).toBeCloseTo(1_010, 3);
});

test('[SM5] a wall clock that is set does not move the steady one', () => {
  const world = echoWorld(1);
  const node = world.node(0);

  const before = node.now();
  node.clock.setWall(-3_600_000);
  const after = node.now();

  expect(after.steadyMs).toBe(before.steadyMs);
  expect(after.wallMs).toBe(before.wallMs - 3_600_000);
});

test('[SM2] a machine that moved is reached at its other address, and not at the old one', () => {
  const world = echoWorld(2);
  const before = world.node(1).address;
  world.crash(world.node(1), true);
  world.move(world.node(1));
  world.start(world.node(1));
  world.runUntil(100);

  outOf(world.node(0)).contact(before);
  world.runUntil(2_000);
  const old = lastOf(world.node(0));
  outOf(world.node(0)).contact(world.node(1).address);
  world.runUntil(3_000);

  expect(old).toEqual({ type: 'contact-failed', address: before, cause: 'timeout' });
  expect(lastOf(world.node(0))).toMatchObject({ type: 'link-up', hello: { peer: bob } });
});

function processOf(node: SimNode<EchoProcess>): EchoProcess {
  return must(node.process, 'a process runs');
}

function outOf(node: SimNode<EchoProcess>) {
  return must(processOf(node).out, 'the process has been handed an outbox');
}

function lastOf(node: SimNode<EchoProcess>) {
  return processOf(node).inputs.at(-1)?.input;
}

function reading(value: number): Reading {
  const sensor = parseSensorId('kitchen');
  if (!sensor.ok) throw new Error(sensor.problem);
  return { sensor: sensor.value, value };
}
