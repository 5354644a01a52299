import { expect, test } from 'vitest';
import type { Rumour } from '../../model/member.ts';
import { Own } from './own.ts';
import { homeOf, identityOf, peerOf, RecordedOutbox, rumourOf } from './testing.ts';

const ann = peerOf('ann');
const bob = peerOf('bob');

test('[MB10] a doubted peer raises its incarnation above the claim and tells it only once it is durable', () => {
  const { own, out } = ownOf();

  const hearsay = own.heard(said({ status: 'suspected' }), bob, out);

  expect(hearsay).toBe('refuting');
  expect(out.facts).toEqual([{ type: 'incarnation-raised', incarnation: 2 }]);
  expect(own.rumour.incarnation).toBe(1);
  expect(own.incarnationSaved(2, out)).toBe(bob);
  expect(own.rumour.incarnation).toBe(2);
  expect(out.factsOf('rumour-refuted')).toEqual([
    { type: 'rumour-refuted', said: 'suspected', incarnation: 2 },
  ]);
});

test('[MB20] an incarnation of its own that this life never told shows that the disk is an older copy', () => {
  const { own, out } = ownOf();

  const hearsay = own.heard(said({ status: 'alive', incarnation: 7 }), bob, out);

  expect(hearsay).toBe('disputed');
  expect(out.facts).toEqual([{ type: 'foreign-identity', identity: own.rumour.identity, upto: 0 }]);
});

test('[MB10] the same doubt from many raises the incarnation once', () => {
  const { own, out } = ownOf();

  for (let i = 0; i < 5; i++) own.heard(said({ status: 'dead' }), bob, out);

  expect(out.facts).toHaveLength(1);
});

test('[MB10] a copy at another address in the same incarnation is refuted like a suspicion', () => {
  const { own, out } = ownOf();

  own.heard(said({ address: homeOf(bob) }), bob, out);

  expect(out.facts).toEqual([{ type: 'incarnation-raised', incarnation: 2 }]);
});

test('[MB10] a claim of an earlier incarnation is outdated, and the own claim is agreed to', () => {
  const { own, out } = ownOf();

  expect(own.heard(said({ incarnation: 0, status: 'dead' }), bob, out)).toBe('outdated');
  expect(own.heard(said(), bob, out)).toBe('agreed');
  expect(out.facts).toEqual([]);
});

test('[MB20] another identity of the same or a later birth is announced once, an earlier one is outdated', () => {
  const { own, out } = ownOf();
  const foreign = { birth: 3, random: 'f'.repeat(16) };

  const hearsay = [0, 1].map(() => own.heard(said({ identity: foreign }), bob, out));

  expect(hearsay).toEqual(['disputed', 'disputed']);
  expect(out.facts).toEqual([{ type: 'foreign-identity', identity: foreign, upto: 0 }]);
  expect(own.heard(said({ identity: identityOf(2) }), bob, out)).toBe('outdated');
});

test('[MB20] a later one than that, or the same after taking an identity that is still too low, is announced', () => {
  const { own, out } = ownOf();
  const nine = identityOf(9);
  own.heard(said({ identity: identityOf(4) }), bob, out);
  own.heard(said({ identity: nine }), bob, out);

  own.identityTaken(identityOf(5), 2);
  own.heard(said({ identity: nine }), bob, out);

  expect(own.rumour).toMatchObject({ identity: identityOf(5), incarnation: 2 });
  expect(out.factsOf('foreign-identity').map((fact) => 'identity' in fact && fact.identity.birth)).toEqual([
    4, 9, 9,
  ]);
});

test('[MB21] of two namesakes the one that started later goes, of two that started together one', () => {
  const { own } = ownOf();

  expect(own.isLaterThan(homeOf(bob), 60_000, 10_000)).toBe(true);
  expect(own.isLaterThan(homeOf(bob), 1_000, 10_000)).toBe(false);
  expect(own.isLaterThan({ host: 'aaa', port: 1 }, 9_500, 10_000)).toBe(true);
  expect(own.isLaterThan({ host: 'zzz', port: 1 }, 10_500, 10_000)).toBe(false);
});

test('[MB21] who says HELLO from the own address is this very process', () => {
  const { own } = ownOf();

  expect(own.isLaterThan(homeOf(ann), 60_000, 10_000)).toBe(false);
});

function ownOf() {
  return { own: new Own(said(), 0), out: new RecordedOutbox() };
}

function said(over: Partial<Rumour> = {}): Rumour {
  return rumourOf(ann, { identity: identityOf(3), ...over });
}
