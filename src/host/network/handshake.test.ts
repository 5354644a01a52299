import { expect, test } from 'vitest';
import { judge, spokenBy } from './handshake.ts';
import { ann, bob, helloOf } from './testing.ts';

test('[NW3] a peer of the same site that shares a protocol version is welcome', () => {
  const own = helloOf(ann, { protocolMin: 2, protocolMax: 4 });

  for (const [protocolMin, protocolMax] of [
    [2, 4],
    [4, 9],
    [1, 2],
    [3, 3],
  ] as const) {
    expect(judge(own, helloOf(bob, { protocolMin, protocolMax }))).toEqual({ kind: 'welcome' });
  }
});

test('[NW3] two that share versions speak the latest of these', () => {
  const own = helloOf(ann, { protocolMin: 2, protocolMax: 4 });

  const spoken = [3, 4, 9].map((protocolMax) => spokenBy(own, helloOf(bob, { protocolMin: 1, protocolMax })));

  expect(spoken).toEqual([3, 4, 4]);
});

test('[NW4] without a common protocol version the reason names both sides', () => {
  const own = helloOf(ann, { protocolMin: 2, protocolMax: 4 });

  expect(judge(own, helloOf(bob, { protocolMin: 5, protocolMax: 6 }))).toMatchObject({
    code: 'wrong_version',
    reason: 'protocols 2 to 4 are spoken here, not 5 to 6',
  });
  expect(judge(own, helloOf(bob, { protocolMin: 1, protocolMax: 1 }))).toMatchObject({
    code: 'wrong_version',
  });
});

test('[NW4] another site is refused before anything else is looked at', () => {
  const other = helloOf(ann, { site: 'elsewhere', protocolMin: 99, protocolMax: 99 });

  expect(judge(helloOf(ann), other)).toEqual({
    kind: 'refused',
    code: 'wrong_site',
    reason: 'this is site "test", not "elsewhere"',
  });
});

test('[NW7] the own id means this process or a namesake', () => {
  const own = helloOf(ann);

  expect(judge(own, helloOf(ann))).toEqual({ kind: 'self' });
  expect(judge(own, helloOf(ann, { instance: '0'.repeat(16) }))).toEqual({ kind: 'namesake' });
});
