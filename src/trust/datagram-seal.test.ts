import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { PeerId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { DatagramSeal, SEAL_BYTES, SEAL_SECRET_BYTES } from './datagram-seal.ts';
import { ReplayWindow } from './replay-window.ts';

const ann = 'ann' as PeerId;
const bob = 'bob' as PeerId;
const WORD = Buffer.from('are you there');

test('[TR4] what one seals the other opens, and knows who it was', () => {
  const { anns, bobs } = met();

  const packet = sealed(anns, bob);
  const answer = sealed(bobs, ann);

  expect(packet.length).toBe(WORD.length + SEAL_BYTES);
  expect(bobs.open(packet)).toEqual({ ok: true, value: { from: ann, message: WORD } });
  expect(anns.open(answer)).toEqual({ ok: true, value: { from: bob, message: WORD } });
});

test('[TR4] no byte of a packet can be changed, and it does not open where it was sealed', () => {
  const { anns, bobs } = met();
  const packet = sealed(anns, bob);

  const problems = [...packet.keys()].map((at) => {
    const changed = Buffer.from(packet);
    changed.writeUInt8(changed.readUInt8(at) ^ 0x80, at);
    const opened = bobs.open(changed);
    return opened.ok ? 'opened' : opened.problem;
  });

  expect(new Set(problems)).toEqual(new Set(['unknown-seal', 'broken-seal']));
  expect(anns.open(packet)).toEqual({ ok: false, problem: 'broken-seal' });
  expect(bobs.open(packet).ok).toBe(true);
});

test('[TR5] a packet is taken once, also when later ones came before it', () => {
  const { anns, bobs } = met();
  const [first, second] = [sealed(anns, bob), sealed(anns, bob)];

  const opened = [second, first, second, first].map((packet) => bobs.open(packet).ok);

  expect(opened).toEqual([true, true, false, false]);
});

test('[TR5] what is older than the window counts as a repetition, and what is within it does not', () => {
  const window = new ReplayWindow();

  const taken = [1, 5_000, 5_000 - 1_023, 5_000 - 1_024, 4_999, 4_999, 0].map((count) => window.take(count));

  expect(taken).toEqual([true, true, true, false, true, false, false]);
});

test('[TR5] each of many numbers is taken once, in whatever order', () => {
  const window = new ReplayWindow();
  const numbers = Array.from({ length: 4_000 }, (_, at) => at + 1);
  const shuffled = numbers.map((number, at) => [number, (at * 37) % 500] as const);
  shuffled.sort((a, b) => Math.floor(a[0] / 500) - Math.floor(b[0] / 500) || a[1] - b[1]);

  const first = shuffled.filter(([number]) => window.take(number)).length;
  const again = shuffled.filter(([number]) => window.take(number)).length;

  expect([first, again]).toEqual([4_000, 0]);
});

test('[TR4] a key whose connection is gone seals nothing and still opens what was under way', () => {
  const { anns, bobs, annsEnd } = met();
  const answer = sealed(bobs, ann);

  annsEnd();

  expect(anns.seal(bob, WORD)).toBeNull();
  expect(anns.open(answer).ok).toBe(true);
});

test('[TR7] the keys of who is forgotten open nothing', () => {
  const { anns, bobs } = met();
  const answer = sealed(bobs, ann);

  anns.forget(bob);

  expect(anns.open(answer)).toEqual({ ok: false, problem: 'unknown-seal' });
  expect(anns.seal(bob, WORD)).toBeNull();
});

test('[TR4] of one peer a few keys are kept, the latest', () => {
  const anns = new DatagramSeal();
  const others = Array.from({ length: LIMITS.connectionsPerPeerMax + 1 }, () => {
    const secret = randomBytes(SEAL_SECRET_BYTES);
    const other = new DatagramSeal();
    anns.add(bob, secret, true);
    other.add(ann, secret, false);
    return other;
  });

  const opened = others.map((other) => anns.open(sealed(other, ann)).ok);

  expect(opened).toEqual([false, true, true, true, true]);
});

/** Two that have met. */
function met() {
  const secret = randomBytes(SEAL_SECRET_BYTES);
  const anns = new DatagramSeal();
  const bobs = new DatagramSeal();
  const annsEnd = anns.add(bob, secret, true);
  bobs.add(ann, secret, false);
  return { anns, bobs, annsEnd };
}

function sealed(seal: DatagramSeal, to: PeerId): Buffer {
  const packet = seal.seal(to, WORD);
  if (packet === null) throw new Error('no key to seal with');
  return packet;
}
