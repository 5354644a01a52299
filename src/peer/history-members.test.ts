import { expect, test } from 'vitest';
import { ann, bob, cat, identityOf } from '../protocol/ordering/testing.ts';
import { HistoryMesh } from './testing-history.ts';

test('[OR25] a node that lost its disk comes back under another identity and takes its place again', () => {
  const mesh = startedMesh();
  mesh.submit(ann, 3);
  mesh.run(600);
  mesh.crash(ann);
  mesh.add(ann, false, 2);

  mesh.start(ann);
  mesh.run(6_000);

  expect(mesh.history(ann).view(mesh.now())).toMatchObject({ role: 'voter', watermark: 3 });
  expect(mesh.history(cat).view(mesh.now()).voters).toEqual([ann, bob, cat]);
});

test('[OR25] a disk that comes after a lost one of a later identity says so, and gets its place under one later still', () => {
  const mesh = startedMesh();
  mesh.submit(ann, 3);
  mesh.run(600);
  mesh.crash(ann);
  mesh.add(ann, false, 2);
  mesh.start(ann);
  mesh.run(6_000);
  mesh.crash(ann);
  mesh.add(ann, false, 1);

  mesh.start(ann);
  mesh.run(3_000);
  const told = mesh.node(ann).factsOf('namesake-in-group')[0];
  mesh.crash(ann);
  mesh.add(ann, false, 3);
  mesh.start(ann);
  mesh.run(6_000);

  expect(told?.identity).toEqual(identityOf(ann, 2));
  expect(mesh.history(ann).view(mesh.now()).role).toBe('voter');
});

test('[OR36] a leader whose log begins on the disk after its first entries commits them then', () => {
  const mesh = new HistoryMesh([ann], { founders: [], expect: 1, baseLateMs: 900 });
  mesh.startAll();
  mesh.submit(ann, 2);

  mesh.run(6_000);

  expect(mesh.history(ann).view(mesh.now())).toMatchObject({ leader: ann, watermark: 2 });
});

function startedMesh(): HistoryMesh {
  const mesh = new HistoryMesh([ann, bob, cat], { ordering: { promoteAfterMs: 300 } });
  mesh.startAll();
  return mesh;
}
