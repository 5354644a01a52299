import { expect, test } from 'vitest';
import { must } from '../kit/assert.ts';
import type { PeerId } from '../model/ids.ts';
import { regroup, successorOf } from '../protocol/ordering/recover-group.ts';
import { ann, bob, cat, GROUP, memberOf } from '../protocol/ordering/testing.ts';
import { HistoryMesh } from './testing-history.ts';

test('[OR50] a group that was begun anew goes on with all of its log, and takes other disks in', () => {
  const mesh = new HistoryMesh([ann, bob, cat]);
  mesh.startAll();
  mesh.submit(bob, 4);
  mesh.run(700);
  for (const peer of [ann, bob, cat]) mesh.crash(peer);
  const anew = beginAnew(mesh, cat);
  for (const peer of [ann, bob]) mesh.add(peer, false, 2);

  mesh.start(cat);
  mesh.run(1_000);
  for (const peer of [ann, bob]) mesh.start(peer);
  mesh.submit(ann, 2);
  mesh.run(15_000);

  const views = [ann, bob, cat].map((peer) => mesh.history(peer).view(mesh.now()));
  expect(views.map(({ group, watermark }) => [group, watermark])).toEqual(Array(3).fill([anew, 6]));
  expect([...(views[2]?.voters ?? [])].sort()).toEqual([ann, bob, cat]);
  expect(new Set([ann, bob, cat].map((peer) => mesh.delivered(peer))).size).toBe(1);
});

test('[OR50] who is of the former group with its former disk does not go over, and keeps what it has', () => {
  const mesh = new HistoryMesh([ann, bob, cat]);
  mesh.startAll();
  mesh.submit(ann, 2);
  mesh.run(900);
  mesh.crash(cat);
  mesh.run(1_000);
  mesh.submit(ann, 3);
  mesh.run(500);
  const anew = beginAnew(mesh, cat);

  mesh.start(cat);
  mesh.run(10_000);
  mesh.submit(bob, 1);
  mesh.run(500);

  const views = [ann, bob, cat].map((peer) => mesh.history(peer).view(mesh.now()));
  expect(views.map(({ group, watermark }) => [group, watermark])).toEqual([
    [GROUP, 6],
    [GROUP, 6],
    [anew, 2],
  ]);
});

/** What `sensorium recover` does to a directory. */
function beginAnew(mesh: HistoryMesh, peer: PeerId): string {
  const { disk } = mesh.node(peer);
  const anew = must(successorOf(GROUP), 'there is a later id');
  const { state, entries } = regroup({ member: memberOf(peer), ...disk.recover() }, anew);
  disk.base = { ...must(disk.base, 'it was in a group'), group: anew };
  disk.state = state;
  disk.entries = [...disk.entries, ...entries];
  disk.floor = state.floor;
  return anew;
}
