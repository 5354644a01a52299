import { expect, test } from 'vitest';
import type { PeerId } from '../model/ids.ts';
import {
  ann,
  ballotOf,
  bob,
  cat,
  dan,
  eve,
  GROUP,
  identityOf,
  viewOf,
} from '../protocol/ordering/testing.ts';
import type { ViewMessage } from '../wire/ordering-messages.ts';
import { HistoryMesh, type MeshOptions } from './testing-history.ts';

test('[EL5] [EL9] the highest of a group leads, and all have one history', () => {
  const mesh = meshOf([ann, bob, cat]);

  for (const peer of [ann, bob, cat]) mesh.submit(peer, 3);
  mesh.run(800);

  expect(mesh.leader).toBe(cat);
  expect(watermarks(mesh)).toEqual([9, 9, 9]);
  expect(new Set([ann, bob, cat].map((peer) => mesh.delivered(peer))).size).toBe(1);
});

test('[EL10] [OR27] when the leader dies the next highest leads within moments, and nothing is lost or doubled', () => {
  const mesh = meshOf([ann, bob, cat]);
  mesh.submit(ann, 2);
  mesh.run(800);
  mesh.submit(bob, 5);
  mesh.crash(cat);

  const tookMs = mesh.runUntil(() => mesh.leader !== null && mesh.leader !== cat);
  mesh.submit(ann, 1);
  mesh.run(500);

  expect(mesh.leader).toBe(bob);
  expect(tookMs).toBeLessThan(40);
  expect([ann, bob].map((peer) => mesh.history(peer).view(mesh.now()).watermark)).toEqual([8, 8]);
  expect(mesh.node(ann).factsOf('own-committed').at(-1)?.upto).toBe(3);
});

test('[EL13] [EL14] a higher peer that comes back is given the lead without a gap', () => {
  const mesh = meshOf([ann, bob, cat], { election: { stableMs: 2_000, transferEveryMs: 1_000 } });
  mesh.run(600);
  mesh.crash(cat);
  mesh.run(1_000);
  const meanwhile = mesh.leader;

  mesh.start(cat);
  mesh.runUntil(() => mesh.leader === cat, 60_000);
  mesh.run(50);

  expect(meanwhile).toBe(bob);
  expect(
    mesh
      .node(bob)
      .factsOf('transfer')
      .map(({ step }) => step),
  ).toEqual(['started', 'sent', 'done']);
});

test('[EL15] a leader that stops hands over first', () => {
  const mesh = meshOf([ann, bob, cat]);
  mesh.run(600);

  mesh.act(cat, (history, now, out) => history.leave(now, out));
  const tookMs = mesh.runUntil(() => mesh.leader === bob);

  expect(tookMs).toBeLessThan(30);
});

test('[EL12] [OR27] a minority leads nobody and stores what it is given, which is ordered once it is back', () => {
  const mesh = meshOf([ann, bob, cat]);
  mesh.run(600);
  mesh.cut(cat, ann);
  mesh.cut(cat, bob);
  mesh.run(2_000);
  mesh.submit(cat, 4);
  mesh.run(2_000);
  const whileCut = [mesh.leader, mesh.history(cat).view(mesh.now()).outbox];

  mesh.heal();
  mesh.run(3_000);

  expect(whileCut).toEqual([bob, 4]);
  expect(watermarks(mesh)).toEqual([4, 4, 4]);
});

test('[EL2] [OR11] [OR12] after a power cut of all the group goes on where it was', () => {
  const mesh = meshOf([ann, bob, cat]);
  mesh.run(700);
  for (let turn = 0; turn < 20; turn++) {
    mesh.submit(turn % 2 ? ann : bob, 2);
    mesh.run(7);
  }
  const before = Math.max(...watermarks(mesh));
  for (const peer of [ann, bob, cat]) mesh.crash(peer);

  for (const peer of [ann, bob, cat]) mesh.start(peer);
  mesh.run(3_000);

  expect(before).toBeGreaterThan(0);
  expect(watermarks(mesh)).toEqual([40, 40, 40]);
});

test('[OR10] another group, a former disk and a stranger change nothing', () => {
  const mesh = meshOf([ann, bob, cat]);
  mesh.run(600);
  const before = mesh.history(ann).view(mesh.now());
  const round = 99;
  const claim = { type: 'ELECTION', kind: 'claim', lastBallot: ballotOf(98, bob), lastIndex: 1_000 } as const;

  for (const [group, peer, birth] of [
    ['02bbbbbbbbbbbbbb', bob, 1],
    [GROUP, bob, 0],
    [GROUP, eve, 1],
  ] as const) {
    const identity = birth === 0 ? { birth: 1, random: 'ffffffffffffffff' } : identityOf(peer);
    mesh.receive(ann, peer, { ...claim, group, identity, ballot: { ...ballotOf(round, peer), identity } });
  }
  mesh.run(100);

  expect(mesh.history(ann).view(mesh.now())).toEqual(before);
  expect(mesh.node(ann).disk.state.promised.round).toBe(1);
  expect(mesh.history(ann).counters().messagesRefused).toBe(3);
});

test('[OR36] [OR43] who comes later joins the group, has its whole history, and founds none', () => {
  const mesh = meshOf([ann, bob, cat], { founders: [ann, bob, cat], expect: 3 });
  mesh.submit(ann, 7);
  mesh.run(600);
  mesh.add(dan, false);

  mesh.start(dan);
  mesh.run(8_000);

  expect(mesh.history(dan).view(mesh.now())).toMatchObject({
    group: GROUP,
    role: 'learner',
    watermark: 7,
    leader: cat,
  });
  expect(mesh.node(dan).factsOf('group-founded')).toEqual([]);
  expect(mesh.delivered(dan)).toBe(mesh.delivered(ann));
});

test('[OR41] [OR43] nodes without a group found one and order what they had stored', () => {
  const mesh = meshOf([ann, bob, cat], { founders: [], expect: 3 });
  mesh.submit(ann, 2);

  mesh.run(4_000);

  const groups = [ann, bob, cat].map((peer) => mesh.history(peer).view(mesh.now()).group);
  expect(new Set(groups).size).toBe(1);
  expect(groups[0]?.slice(0, 2)).toBe('03');
  expect(watermarks(mesh)).toEqual([2, 2, 2]);
});

test('[OR46] who answers is the word of the one who leads, not of one who led, and is said again now and then', () => {
  const mesh = meshOf([ann, bob, cat]);
  mesh.run(800);
  const present = () => mesh.history(ann).view(mesh.now()).present;

  mesh.receive(ann, bob, presentBy(bob, [bob]));
  const byBob = present();
  mesh.receive(ann, cat, presentBy(cat, [cat]));
  const byCat = present();
  mesh.run(6_000);

  expect(mesh.leader).toBe(cat);
  expect(byBob.length).toBe(3);
  expect(byCat).toEqual([cat]);
  expect(present().length).toBe(3);
});

test('[OR47] a transfer, a removal and a leave are answered when they are done, or refused with the reason', () => {
  const mesh = meshOf([ann, bob, cat, dan]);
  mesh.run(800);

  mesh.act(ann, (history, now, out) => history.command(1, { kind: 'remove', peer: bob }, now, out));
  mesh.act(dan, (history, now, out) => history.command(2, { kind: 'transfer', to: cat }, now, out));
  mesh.run(500);
  mesh.act(cat, (history, now, out) => history.command(3, { kind: 'remove', peer: bob }, now, out));
  mesh.run(500);
  mesh.act(cat, (history, now, out) => history.command(5, { kind: 'remove', peer: bob }, now, out));
  mesh.act(cat, (history, now, out) => history.command(6, { kind: 'transfer', to: cat }, now, out));
  mesh.act(ann, (history, now, out) => history.command(4, { kind: 'leave' }, now, out));
  mesh.run(4_000);

  const answers = [...mesh.nodes.values()].flatMap((node) => node.factsOf('command-done'));
  expect(answers.map(({ ticket, outcome }) => [ticket, outcome.ok]).sort()).toEqual([
    [1, false],
    [2, true],
    [3, true],
    [4, true],
    [5, false],
    [6, false],
  ]);
  expect(answers.find(({ ticket }) => ticket === 1)?.outcome).toMatchObject({
    why: 'dan leads the group: ask there',
  });
  expect(mesh.history(cat).view(mesh.now()).voters).toEqual([cat, dan]);
});

test('[OR39] [OR38] what is trimmed is up to a base, and not what a member that answers still lacks', () => {
  const mesh = meshOf([ann, bob, cat], { ordering: { baseEveryBytes: 500 } });
  for (let turn = 0; turn < 30; turn++) {
    mesh.submit(ann, 1);
    mesh.run(20);
  }
  mesh.run(500);

  mesh.act(cat, (history, now, out) => history.retain(20, false, now, out));
  mesh.run(500);

  const starts = [...mesh.nodes.values()].map(({ disk }) => disk.entries[0]?.index ?? 0);
  expect(new Set(starts).size).toBe(1);
  expect(starts[0]).toBeGreaterThan(1);
  expect(starts[0]).toBeLessThanOrEqual(21);
  expect(mesh.node(ann).disk.earlier.map(({ index }) => index)[0]).toBe((starts[0] ?? 0) - 1);
});

test('[OR37] who comes back after what it lacks was trimmed begins anew, and says what is missing', () => {
  const mesh = meshOf([ann, bob, cat], { ordering: { baseEveryBytes: 500 } });
  mesh.run(600);
  mesh.crash(ann);
  for (let turn = 0; turn < 40; turn++) {
    mesh.submit(bob, 1);
    mesh.run(20);
  }
  mesh.run(500);
  mesh.act(cat, (history, now, out) => history.retain(30, true, now, out));
  mesh.run(500);

  mesh.start(ann);
  mesh.run(4_000);

  expect(mesh.node(ann).factsOf('history-gap')).toMatchObject([{ fromSequence: 1 }]);
  expect(mesh.history(ann).view(mesh.now()).watermark).toBe(40);
});

test('[OR44] a point to read at is had on any node, and is not had in a minority', () => {
  const mesh = meshOf([ann, bob, cat]);
  mesh.submit(ann, 2);
  mesh.run(600);
  mesh.act(ann, (history, now, out) => history.readIndex(1, now, out));
  mesh.act(cat, (history, now, out) => history.readIndex(2, now, out));
  mesh.run(200);
  mesh.cut(cat, ann);
  mesh.cut(cat, bob);
  mesh.act(cat, (history, now, out) => history.readIndex(3, now, out));
  mesh.run(2_000);

  const points = [...mesh.nodes.values()].flatMap((node) => node.factsOf('read-point'));
  const index = mesh.history(ann).view(mesh.now()).commitIndex;
  expect(points.find(({ ticket }) => ticket === 1)?.index).toBeLessThanOrEqual(index);
  expect(points.find(({ ticket }) => ticket === 2)?.index).toBeGreaterThan(0);
  expect(points.find(({ ticket }) => ticket === 3)?.index).toBeNull();
});

test('[OR51] [OR52] two groups that meet become one, which has the records of both once', () => {
  const mesh = meshOf([ann, bob, cat, dan], { founders: [], expect: 2 });
  for (const a of [ann, bob]) for (const b of [cat, dan]) mesh.cut(a, b);
  for (let turn = 0; turn < 20; turn++) {
    for (const peer of [ann, bob, cat, dan]) mesh.submit(peer, 2);
    mesh.run(400);
  }
  const apart = new Set([...mesh.nodes.keys()].map((peer) => mesh.history(peer).view(mesh.now()).group));

  mesh.heal();
  mesh.run(20_000);
  mesh.submit(ann, 1);
  mesh.run(1_000);

  const together = new Set([...mesh.nodes.keys()].map((peer) => mesh.history(peer).view(mesh.now()).group));
  expect([apart.size, together.size]).toEqual([2, 1]);
  expect(watermarks(mesh)).toEqual([161, 161, 161, 161]);
  expect([...together][0]).toBe([...apart].sort().at(-1));
  expect(new Set([...mesh.nodes.keys()].map((peer) => mesh.delivered(peer))).size).toBe(1);
});

test('[OR52] a member that was away while its group went into another hands over and follows', () => {
  const mesh = meshOf([ann, bob, cat, dan, eve], { founders: [], expect: 2 });
  for (const a of [ann, bob]) for (const b of [cat, dan, eve]) mesh.cut(a, b);
  mesh.run(8_000);
  for (const peer of [ann, bob, cat, dan, eve]) mesh.submit(peer, 3);
  mesh.run(2_000);
  const away = groupOf(mesh, ann) < groupOf(mesh, cat) ? ann : dan;

  mesh.heal();
  mesh.crash(away);
  mesh.run(6_000);
  mesh.start(away);
  mesh.run(40_000);

  expect(new Set([...mesh.nodes.keys()].map((peer) => groupOf(mesh, peer))).size).toBe(1);
  expect(watermarks(mesh)).toEqual([15, 15, 15, 15, 15]);
});

test('[OR49] a leader whose disk is full gives its place to one that has room', () => {
  const mesh = meshOf([ann, bob, cat]);
  mesh.run(600);

  mesh.act(cat, (history, now, out) => history.disk('full', now, out));
  mesh.runUntil(() => mesh.leader === bob);
  mesh.submit(ann, 3);
  mesh.run(500);

  expect([ann, bob].map((peer) => mesh.history(peer).view(mesh.now()).watermark)).toEqual([3, 3]);
});

test('[EL12] a leader whose disk owes an answer for too long gives up', () => {
  const mesh = meshOf([ann, bob, cat], { ordering: { diskStuckMs: 400 } });
  mesh.run(600);
  mesh.node(cat).isStuck = true;
  mesh.submit(ann, 1);

  mesh.run(300);
  const before = mesh.leader;
  mesh.run(3_000);

  expect(before).toBe(cat);
  expect(mesh.leader).toBe(bob);
});

for (let seed = 1; seed <= 10; seed++) {
  test(`[OR7] [OR12] [EL4] whatever is lost and whoever dies, all histories are one and every record is in it once (seed ${seed})`, () => {
    const mesh = meshOf([ann, bob, cat], {
      seed,
      lossPercent: 10,
      latencyMs: { min: 1, max: 30 },
      diskMs: 3,
    });
    const victims = [ann, bob, cat, bob];
    for (let turn = 0; turn < 60; turn++) {
      for (const peer of [ann, bob, cat])
        if (mesh.node(peer).history !== null) mesh.submit(peer, 1 + (turn % 3));
      mesh.run(40);
      const victim = victims[turn % 4] ?? ann;
      if (turn % 15 === 7) mesh.crash(victim);
      if (turn % 15 === 12)
        for (const { peer, history } of mesh.nodes.values()) if (history === null) mesh.start(peer);
    }
    for (const { peer, history } of mesh.nodes.values()) if (history === null) mesh.start(peer);
    mesh.run(8_000);

    const written = [...mesh.nodes.values()].reduce((sum, { lastN }) => sum + lastN, 0);
    expect(watermarks(mesh)).toEqual([written, written, written]);
    expect(new Set([ann, bob, cat].map((peer) => mesh.delivered(peer))).size).toBe(1);
    expect([...mesh.nodes.values()].flatMap((node) => node.factsOf('safety-halt'))).toEqual([]);
  });
}

function presentBy(leader: PeerId, present: readonly PeerId[]): ViewMessage {
  return {
    type: 'VIEW_CHANGE',
    group: GROUP,
    identity: identityOf(leader),
    viewId: 0,
    view: viewOf([ann, bob, cat]),
    leader,
    present,
    commitIndex: 0,
    logStart: 1,
    dissolvedInto: null,
    isAbsorbed: false,
    absorbed: null,
  };
}

function meshOf(peers: readonly PeerId[], options: MeshOptions = {}): HistoryMesh {
  const mesh = new HistoryMesh(peers, options);
  mesh.startAll();
  return mesh;
}

function watermarks(mesh: HistoryMesh): number[] {
  return [...mesh.nodes.keys()].map((peer) => mesh.history(peer).view(mesh.now()).watermark);
}

function groupOf(mesh: HistoryMesh, peer: PeerId): string {
  return mesh.history(peer).view(mesh.now()).group ?? '';
}
