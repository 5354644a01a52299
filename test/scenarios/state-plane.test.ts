// Whole peers in virtual time, one story each. Every run is watched by all of the simulator's checkers.

import { expect, test } from 'vitest';
import { EPOCH_MS } from '../../src/sim/clock.ts';
import { EMPTY_DISK } from '../../src/sim/disk.ts';
import { Cluster } from './cluster.ts';

const HOUR_S = 3_600;
const YEAR_MS = 365 * 24 * 3_600_000;

test('[SM16] both sides of a split site write one sensor at one moment, and once healed all show the greater origin’s', () => {
  const cluster = new Cluster(4);
  const [ann, bob, cat, dan] = four(cluster);
  cluster.start();
  const heal = cluster.partition([ann, bob], [cat, dan]);
  cluster.run(60);

  const tsMs = Math.floor(EPOCH_MS + cluster.nowMs);
  cluster.read(bob, 'shared', { tsMs });
  const winner = cluster.read(cat, 'shared', { tsMs });
  const alone = cluster.read(dan, 'dan/only');
  cluster.run(60);
  const split = cluster.shown('shared');
  heal();
  cluster.settle(60);

  expect(split.ann).not.toBe(split.dan);
  cluster.expectShown('shared', winner);
  cluster.expectShown('dan/only', alone);
});

test('[SM16] who joins late has everything within seconds, and asks for it once', () => {
  const cluster = new Cluster(4);
  const [ann, bob, cat, dan] = four(cluster);
  cluster.start([ann, bob, cat]);
  for (let sensor = 0; sensor < 2_000; sensor++) cluster.read(ann, `hall/${sensor}`);
  cluster.run(60);
  cluster.heard.forget();

  cluster.start([dan]);
  cluster.run(10);

  expect(dan.process?.peer.replication.sensorCount).toBe(2_000);
  expect(cluster.heard.facts('full-sync-started').length).toBeLessThanOrEqual(1);
  cluster.run(60);
  expect(cluster.heard.count('FULL_SYNC_REQUEST')).toBeLessThan(20);
  cluster.settle(10);
});

test('[SM12] a node whose disk is lost writes on under another identity, and nobody goes back to its old readings', () => {
  const cluster = new Cluster(3);
  const [ann] = four(cluster);
  cluster.start();
  for (let i = 0; i < 20; i++) cluster.read(ann, 'door');
  const before = cluster.read(ann, 'window');
  cluster.run(10);

  cluster.crash(ann);
  cluster.scenario.world.replaceDisk(ann, EMPTY_DISK);
  cluster.run(5);
  cluster.restart(ann);
  cluster.run(10);
  const after = cluster.read(ann, 'door');
  cluster.settle(60);

  expect(ann.process?.peer.identity.birth).toBe(2);
  cluster.expectShown('door', after);
  cluster.expectShown('window', before);
});

test('[SM12] a node put back from a backup takes another identity, and what it wrote since is not mistaken', () => {
  const cluster = new Cluster(3);
  const [ann] = four(cluster);
  cluster.start();
  cluster.read(ann, 'door');
  cluster.run(5);
  const backup = ann.disk.content();
  for (let i = 0; i < 20; i++) cluster.read(ann, 'door');
  cluster.run(5);

  cluster.crash(ann);
  cluster.scenario.world.replaceDisk(ann, backup);
  cluster.restart(ann);
  cluster.run(1);
  const after = cluster.read(ann, 'door');
  cluster.settle(60);

  expect(ann.process?.peer.identity.birth).toBe(2);
  cluster.expectShown('door', after);
});

test('[SM14] a backup put back while cut off: what is stored before anybody tells is not lost', () => {
  const cluster = new Cluster(3);
  const [ann, bob, cat] = four(cluster);
  cluster.start();
  cluster.read(ann, 'door');
  cluster.run(5);
  const backup = ann.disk.content();
  for (let i = 0; i < 20; i++) cluster.read(ann, 'door');
  cluster.run(5);

  cluster.crash(ann);
  cluster.scenario.world.replaceDisk(ann, backup);
  const heal = cluster.partition([ann], [bob, cat]);
  cluster.restart(ann);
  cluster.run(10);
  const after = [cluster.read(ann, 'door'), cluster.read(ann, 'window')] as const;
  cluster.run(10);
  heal();
  cluster.settle(120);

  cluster.expectShown('door', after[0]);
  cluster.expectShown('window', after[1]);
});

test('[SM9] a node that comes back at another address is found there', () => {
  const cluster = new Cluster(4);
  const [ann, , cat] = four(cluster);
  cluster.start();

  cluster.crash(cat);
  cluster.scenario.world.move(cat);
  cluster.run(30);
  cluster.restart(cat);
  cluster.settle(30);

  const value = cluster.read(cat, 'door');
  cluster.run(5);
  expect(ann.process?.addressOf(cat.peer)).toEqual(cat.address);
  cluster.expectShown('door', value);
});

test('[SM9] of two nodes one restarts and then the other, and they find each other each time', () => {
  const cluster = new Cluster(2);
  const [ann, bob] = four(cluster);
  cluster.start();
  cluster.read(ann, 'door');

  for (const node of [ann, bob, ann]) {
    cluster.crash(node);
    cluster.run(40);
    cluster.restart(node);
    cluster.settle(20);
  }
  const value = cluster.read(bob, 'door');
  cluster.run(3);

  cluster.expectShown('door', value);
});

test('[SM9] both of two nodes restart at once and find each other', () => {
  const cluster = new Cluster(2);
  const [ann, bob] = four(cluster);
  cluster.start();
  const value = cluster.read(ann, 'door');
  cluster.run(3);

  for (const node of [ann, bob]) cluster.crash(node);
  cluster.run(1);
  for (const node of [ann, bob]) cluster.restart(node);
  cluster.settle(20);

  cluster.expectShown('door', value);
});

test('[SM9] a link that is dead one way makes nobody’s status flap', () => {
  const cluster = new Cluster(5);
  const [ann, bob] = four(cluster);
  cluster.start();
  cluster.run(30);
  cluster.heard.forget();

  cluster.scenario.world.paths.cut(ann.index, bob.index);
  cluster.run(300);

  const statuses = cluster.heard.facts('member-status').map(({ fact }) => fact.status);
  expect(statuses.filter((status) => status === 'dead')).toEqual([]);
  expect(statuses.length).toBeLessThanOrEqual(10);
  const value = cluster.read(ann, 'door');
  cluster.run(5);
  cluster.expectShown('door', value);
});

test('[SM5] a node that stood still for half a minute accuses nobody, and is back within seconds', () => {
  const cluster = new Cluster(4);
  const [ann, bob] = four(cluster);
  cluster.start();
  cluster.run(20);

  ann.pause();
  cluster.run(30);
  const meanwhile = cluster.statuses(bob).ann;
  cluster.heard.forget();
  ann.resume();
  cluster.settle(20);

  const accused = cluster.heard.facts('member-status').filter(({ at, fact }) => {
    return at === ann.peer && fact.status === 'dead';
  });
  expect(meanwhile).toBe('dead');
  expect(accused).toEqual([]);
});

test('[SM16] clocks wrong by hours and by years keep nobody from agreeing, and poison no sensor', () => {
  const cluster = new Cluster(5);
  const [ann, bob, cat, dan] = four(cluster);
  bob.clock.setWall(-3 * HOUR_S * 1_000);
  cat.clock.setWall(5 * YEAR_MS);
  cluster.start();
  cluster.run(60);

  cluster.read(bob, 'door', { tsMs: Math.floor(EPOCH_MS + 2 * YEAR_MS) });
  cluster.read(cat, 'door', { tsMs: Math.floor(EPOCH_MS + 6 * YEAR_MS) });
  cluster.run(30);
  const value = cluster.read(dan, 'door');
  cluster.settle(30);

  expect(cluster.statuses(ann)).toEqual({ bob: 'alive', cat: 'alive', dan: 'alive', eve: 'alive' });
  cluster.expectShown('door', value);
});

test('[SM15] a node that is dead for hours costs the others next to nothing, and comes back to everything', () => {
  const cluster = new Cluster(3);
  const [ann, bob, cat] = four(cluster);
  cluster.start();
  cluster.read(cat, 'door');
  cluster.run(5);

  cluster.crash(cat);
  cluster.run(60);
  cluster.heard.forget();
  let value = 0;
  for (let minute = 0; minute < 120; minute++) {
    for (let i = 0; i < 10; i++) value = cluster.read(ann, `hall/${i}`);
    cluster.run(60);
  }
  const toTheDead = cluster.heard.sentTo(cat.peer).length;
  cluster.restart(cat);
  cluster.run(10);

  expect(toTheDead).toBe(0);
  expect(ann.disk.batches).toBeLessThan(200);
  expect(bob.disk.batches).toBe(0);
  cluster.expectShown('hall/9', value);
  cluster.settle(20);
});

test('[SM14] a node that crashes again and again loses nothing it answered for, and its numbers go on', () => {
  const cluster = new Cluster(3);
  const [ann] = four(cluster);
  cluster.start();
  let value = 0;

  for (let life = 0; life < 10; life++) {
    for (let i = 0; i < 5; i++) value = cluster.read(ann, 'door');
    cluster.run(3);
    cluster.crash(ann);
    cluster.run(1);
    cluster.restart(ann);
    cluster.run(3);
  }
  cluster.settle(20);

  expect(ann.process?.peer.lastN).toBe(50);
  cluster.expectShown('door', value);
});

test('[SM16] a sensor that is forgotten while a node is away stays forgotten when it comes back', () => {
  const cluster = new Cluster(3);
  const [ann, bob, cat] = four(cluster);
  cluster.start();
  cluster.read(ann, 'door');
  cluster.read(cat, 'window');
  cluster.run(5);

  cluster.crash(cat);
  cluster.run(30);
  const [latest] = [...(bob.process?.peer.replication.latest() ?? [])].filter(
    ({ origin }) => origin === ann.peer,
  );
  if (latest) bob.forget([latest.record.sensor]);
  cluster.run(5);
  cluster.restart(cat);
  cluster.settle(30);

  expect(new Set(Object.values(cluster.shown('door')))).toEqual(new Set([undefined]));
});

function four(cluster: Cluster) {
  const { nodes } = cluster;
  const at = (index: number) => nodes[index] ?? cluster.node(0);
  return [at(0), at(1), at(2), at(3)] as const;
}
