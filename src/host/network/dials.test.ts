import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import type { Address } from '../../model/address.ts';
import { LIMITS } from '../../model/limits.ts';
import { Dials } from './dials.ts';
import { ann, bob, cat, until } from './testing.ts';

const THERE: Address = { host: '127.0.0.1', port: 1 };

test('[NW8] a message dials at once and waits for the pause after a failure, which doubles', () => {
  const { dials, story } = dialsOf();

  dials.want(THERE, bob, 0);
  dials.failed(THERE, 'refused', 0);
  const first = pauseOf(dials, 0);
  dials.contact(THERE, 1_000);
  dials.failed(THERE, 'refused', 1_000);
  const second = pauseOf(dials, 1_000);

  expect(story).toEqual(['dial 1', 'failed 1 refused for bob', 'dial 1', 'failed 1 refused contacted']);
  expect(first).toBeGreaterThanOrEqual(37);
  expect(first).toBeLessThanOrEqual(63);
  expect(second).toBeGreaterThanOrEqual(75);
  expect(second).toBeLessThanOrEqual(125);
});

test('[NW8] pauses grow to two seconds and no further, and a stable link forgives them', () => {
  const { dials } = dialsOf();
  for (let at = 1; at <= 12; at++) {
    dials.contact(THERE, at * 10_000);
    dials.failed(THERE, 'refused', at * 10_000);
  }
  const longest = pauseOf(dials, 120_000);

  dials.contact(THERE, 130_000);
  dials.succeeded(THERE);
  dials.lost(THERE, 2_000, 140_000);

  expect(longest).toBeGreaterThanOrEqual(1_500);
  expect(longest).toBeLessThanOrEqual(2_500);
  expect(pauseOf(dials, 140_000)).toBeLessThanOrEqual(63);
});

test('[NW8] a message that comes within the pause is dialled for when the pause ends', async () => {
  const { dials, story } = dialsOf();
  dials.want(THERE, bob, performance.now());
  dials.failed(THERE, 'refused', performance.now());

  dials.want(THERE, bob, performance.now());
  const atOnce = [...story];
  await until(() => story.length === 3);

  expect(atOnce).toEqual(['dial 1', 'failed 1 refused for bob']);
  expect(story.at(-1)).toBe('dial 1');
  dials.stop();
});

test('[NW8] a contact does not wait for the pause, but one address is dialled at most five times a second', async () => {
  const { dials, story } = dialsOf();
  const startMs = performance.now();
  const dialled = () => story.filter((line) => line === 'dial 1').length;

  for (let i = 0; i < 8; i++) {
    dials.contact(THERE, startMs);
    dials.failed(THERE, 'refused', startMs);
  }
  const atOnce = dialled();
  await until(() => dialled() === 6);

  expect(atOnce).toBe(5);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(199);
  dials.stop();
});

test('[NW8] one attempt serves all who want that address', () => {
  const { dials, story } = dialsOf();

  dials.want(THERE, bob, 0);
  dials.want(THERE, cat, 1);
  dials.contact(THERE, 2);
  dials.failed(THERE, 'timeout', 3);

  expect(story).toEqual(['dial 1', 'failed 1 timeout for bob,cat contacted']);
});

test('[NW8] only so many dials are under way; the next starts when there is room', async () => {
  const { dials, story } = dialsOf();
  const ports = Array.from({ length: LIMITS.dialsUnderWayMax }, (_, i) => i + 1);
  for (const port of ports) dials.contact({ host: 'x', port }, performance.now());

  dials.contact({ host: 'x', port: 999 }, performance.now());
  const atOnce = story.length;
  dials.succeeded({ host: 'x', port: 1 });
  await until(() => story.includes('dial 999'));

  expect(atOnce).toBe(LIMITS.dialsUnderWayMax);
  dials.stop();
});

test('[NW8] of too many addresses the one unused for longest is forgotten, never one in use', () => {
  const { dials, story } = dialsOf();
  dials.contact({ host: 'busy', port: 1 }, 0);
  for (let port = 1; port <= LIMITS.dialsKnownMax + 10; port++) {
    dials.want({ host: 'x', port }, ann, 0);
    dials.failed({ host: 'x', port }, 'refused', 0);
  }

  dials.failed({ host: 'busy', port: 1 }, 'timeout', 1);

  expect(dials.isPaused({ host: 'x', port: 1 }, 1)).toBe(false);
  expect(dials.isPaused({ host: 'x', port: LIMITS.dialsKnownMax }, 1)).toBe(true);
  expect(story.at(-1)).toBe('failed 1 timeout contacted');
});

function dialsOf() {
  const story: string[] = [];
  const options = { backoffMinMs: 50, backoffMaxMs: 2_000, stableMs: 2_000, contactsPerSecond: 5 };
  const dials = new Dials(options, new Random(1), {
    dial: (address) => story.push(`dial ${address.port}`),
    failed: (address, cause, contacted, wantedBy) => {
      const whom = wantedBy.size > 0 ? ` for ${[...wantedBy].join()}` : '';
      story.push(`failed ${address.port} ${cause}${whom}${contacted ? ' contacted' : ''}`);
    },
  });
  return { dials, story };
}

function pauseOf(dials: Dials, nowMs: number): number {
  let pauseMs = 0;
  while (dials.isPaused(THERE, nowMs + pauseMs)) pauseMs += 1;
  return pauseMs;
}
