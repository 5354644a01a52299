import { expect, test } from 'vitest';
import { ann, ballotOf, bob, cat, dan, GROUP, identityOf } from '../protocol/ordering/testing.ts';
import { HistoryMesh } from './testing-history.ts';

test('[OR35] [OR37] a tail that was never committed gives way to a base, where the others trimmed what follows', () => {
  const mesh = new HistoryMesh([ann, bob, cat], { ordering: { baseEveryBytes: 500, cacheBytesMax: 400 } });
  mesh.startAll();
  mesh.submit(ann, 2);
  mesh.run(700);
  const leader = mesh.leader;
  mesh.cut(cat, ann);
  mesh.cut(cat, bob);
  for (let turn = 0; turn < 60; turn++) mesh.submit(cat, 1);
  mesh.run(2_000);
  const tail = mesh.history(cat).view(mesh.now());
  for (let turn = 0; turn < 40; turn++) {
    mesh.submit(bob, 1);
    mesh.run(20);
  }
  mesh.run(6_000);
  mesh.act(bob, (history, now, out) => history.retain(40, true, now, out));
  mesh.run(500);
  const start = mesh.node(bob).disk.entries[0]?.index ?? 0;

  mesh.heal();
  mesh.run(6_000);

  expect(leader).toBe(cat);
  expect(tail.commitIndex).toBeLessThan(start - 1);
  expect(tail.lastIndex).toBeGreaterThan(start);
  expect([ann, bob, cat].map((peer) => mesh.history(peer).view(mesh.now()).watermark)).toEqual([
    102, 102, 102,
  ]);
  expect(new Set([ann, bob, cat].map((peer) => mesh.delivered(peer))).size).toBe(1);
  expect([...mesh.nodes.values()].flatMap((node) => node.factsOf('safety-halt'))).toEqual([]);
});

test("[OR54] what was promised and committed in another group says nothing of this one's log", () => {
  const mesh = new HistoryMesh([ann, bob, cat]);
  mesh.startAll();
  mesh.run(700);
  mesh.cut(cat, ann);
  mesh.cut(cat, bob);
  for (let turn = 0; turn < 5; turn++) mesh.submit(cat, 1);
  mesh.run(100);
  const { commitIndex, lastIndex } = mesh.history(cat).view(mesh.now());
  mesh.crash(cat);
  const promised = ballotOf(50, dan);
  const { disk } = mesh.node(cat);
  disk.state = { ...disk.state, group: '02bbbbbbbbbbbbbb', promised, floor: 1_000 };

  mesh.start(cat);
  mesh.run(100);
  const alone = mesh.history(cat).view(mesh.now());
  mesh.heal();
  mesh.run(3_000);

  expect(lastIndex).toBeGreaterThan(commitIndex);
  expect([alone.commitIndex, alone.lastIndex]).toEqual([commitIndex, lastIndex]);
  expect(mesh.history(ann).view(mesh.now())).toMatchObject({ watermark: 5, ballot: { round: 2 } });
  expect([...mesh.nodes.values()].flatMap((node) => node.factsOf('safety-halt'))).toEqual([]);
});

test('[PR17] [OR45] a disk that is known to be an older copy gives no vote and no word until it has all again', () => {
  const mesh = new HistoryMesh([ann, bob, cat]);
  mesh.startAll();
  mesh.run(700);
  mesh.submit(ann, 3);
  mesh.run(200);
  const before = mesh.node(ann).disk.entries.slice(0, 1);
  mesh.crash(ann);
  mesh.node(ann).disk.entries = before;
  mesh.node(ann).disk.floor = 0;
  mesh.crash(cat);
  mesh.start(ann);
  mesh.cut(ann, bob);

  const had = mesh.node(ann).factsOf('promise-given').length;
  mesh.act(ann, (history, now, out) => history.doubted(now, out));
  const ballot = ballotOf(9, bob);
  const asked = {
    group: GROUP,
    identity: identityOf(bob),
    ballot,
    lastBallot: ballot,
    lastIndex: 99,
  } as const;
  mesh.receive(ann, bob, { type: 'ELECTION', kind: 'claim', ...asked });
  mesh.run(100);
  const given = mesh.node(ann).factsOf('promise-given').length - had;
  const state = mesh.node(ann).disk.state;
  mesh.heal();
  mesh.start(cat);
  mesh.run(3_000);

  expect(given).toBe(0);
  expect(state.damaged).toBe(true);
  expect(mesh.node(ann).factsOf('log-mended')).toHaveLength(1);
  expect(mesh.delivered(ann)).toBe(mesh.delivered(bob));
});

test('[OR36] [OR38] [OR40] who joins after a trim begins at the base that the others begin at, and has all that follows', () => {
  const mesh = new HistoryMesh([ann, bob, cat], {
    founders: [ann, bob, cat],
    ordering: { baseEveryBytes: 500 },
  });
  mesh.startAll();
  for (let turn = 0; turn < 40; turn++) {
    mesh.submit(ann, 1);
    mesh.run(20);
  }
  mesh.run(500);
  mesh.act(cat, (history, now, out) => history.retain(30, false, now, out));
  mesh.run(500);
  mesh.add(dan, false);

  mesh.start(dan);
  mesh.submit(dan, 2);
  mesh.run(8_000);

  const firstAt = (peer: typeof ann): number => mesh.node(peer).disk.entries[0]?.index ?? 0;
  expect(firstAt(bob)).toBeGreaterThan(1);
  expect(firstAt(dan)).toBe(firstAt(bob));
  expect(mesh.history(dan).view(mesh.now())).toMatchObject({ role: 'learner', watermark: 42 });
  expect(mesh.delivered(dan)).toBe(mesh.delivered(bob));
});
