// What others failed at, whole machines: a quiet origin among loud ones (quickwit-oss/chitchat#119), a digest beyond
// one frame (quickwit-oss/quickwit#6653).

import { expect, test } from 'vitest';
import { LIMITS } from '../../model/limits.ts';
import { encodeMessage } from '../../wire/codec.ts';
import { peerOf, reading, sensorOf, streamOf } from './testing.ts';
import { Mesh } from './testing-mesh.ts';

const [ann, bob, cat, dan] = [peerOf('ann'), peerOf('bob'), peerOf('cat'), peerOf('dan')];

test('[RP26] [RP53] starved quiet origin: it is heard though every exchange is cut short (chitchat#119)', () => {
  const mesh = new Mesh({ seed: 1, replication: { eagerPeersMax: 0, pushCoalesceMs: 60_000 } });
  for (const peer of [ann, bob, cat, dan]) mesh.start(peer);
  mesh.join(ann, bob, cat, dan);
  mesh.run(1_000);
  const loud = Object.fromEntries(Array.from({ length: 2_500 }, (_, i) => [`loud-${i}`, 'x'.repeat(40)]));
  // From `ann` to `dan`, whose name comes last, only by way of exchanges with those who are loud.
  mesh.cut(ann, dan);
  mesh.write(dan, { quiet: 'before' });
  mesh.run(5_000);

  mesh.write(dan, { quiet: 'after' });
  for (let second = 0; second < 10; second++) {
    for (const peer of [bob, cat]) mesh.write(peer, prefixed(peer, loud));
    mesh.run(1_000);
  }

  expect(mesh.sent.some(({ message }) => 'more' in message && message.more)).toBe(true);
  expect(mesh.machine(ann).latestOf(sensorOf('quiet'))?.record.value).toBe('after');
});

test('[RP21] [RP36] digest beyond one frame: more streams than any digest lists are agreed on, in frames that all fit (quickwit#6653)', () => {
  const mesh = new Mesh({ seed: 2 });
  const count = LIMITS.digestPlacesMax + 1_000;
  const streams = (from: number) =>
    Array.from({ length: count }, (_, i) => ({
      ...streamOf(peerOf(`a-node-with-quite-a-long-name-${i + from}`)),
      upto: 1,
      droppedUpto: 0,
      records: [reading(1, `sensor of ${i + from}`, i + from, 1)],
    }));
  mesh.start(ann, { own: streamOf(ann), streams: streams(0) });
  mesh.start(bob, { own: streamOf(bob), streams: streams(500) });

  mesh.join(ann, bob);
  mesh.run(30_000);

  expect(mesh.machine(ann).sensorCount).toBe(count + 500);
  expect(mesh.areEqual()).toBe(true);
  const sizes = mesh.sent.map(({ message }) => encodeMessage(message).length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(LIMITS.frameBytesMax);
});

function prefixed(peer: string, readings: { readonly [sensor: string]: string }) {
  return Object.fromEntries(Object.entries(readings).map(([name, value]) => [`${peer}/${name}`, value]));
}
