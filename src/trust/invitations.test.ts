import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { must } from '../kit/assert.ts';
import { LIMITS } from '../model/limits.ts';
import { type Invitation, Invitations } from './invitations.ts';

const MINUTE_MS = 60_000;

test('[TR15] an invitation lets in once, also across a restart, and who lost the answer asks again with its key', () => {
  const { invitations, saved } = invitationsOf();
  const secret = must(invitations.draw(0, MINUTE_MS), 'room');

  const redeemed = [
    invitations.redeem(secret, 'bobs key', 1),
    invitations.redeem(secret, 'bobs key', 2),
    invitations.redeem(secret, 'eves key', 3),
    new Invitations(saved(), () => {}).redeem(secret, 'eves key', 4),
  ];

  expect(redeemed).toEqual(['welcome', 'welcome', 'used', 'used']);
});

test('[TR15] it lets in until its time is over', () => {
  const { invitations } = invitationsOf();
  const secret = must(invitations.draw(0, MINUTE_MS), 'room');
  const other = must(invitations.draw(0, MINUTE_MS), 'room');

  const redeemed = [
    invitations.redeem(secret, 'bobs key', MINUTE_MS - 1),
    invitations.redeem(other, 'cats key', MINUTE_MS),
  ];

  expect(redeemed).toEqual(['welcome', 'expired']);
});

test('[TR15] after ten guesses a minute every code is wrong until the minute is over', () => {
  const { invitations } = invitationsOf();
  const secret = must(invitations.draw(0, 10 * MINUTE_MS), 'room');

  const guesses = Array.from({ length: 11 }, (_, at) => invitations.redeem(randomBytes(10), 'eves key', at));
  const meanwhile = invitations.redeem(secret, 'bobs key', 100);
  const later = invitations.redeem(secret, 'bobs key', 100 + MINUTE_MS);

  expect(guesses).toEqual([...Array(10).fill('unknown'), 'too-many']);
  expect([meanwhile, later]).toEqual(['too-many', 'welcome']);
});

test('[TR15] what is kept of an invitation does not let in, and there are only so many', () => {
  const { invitations, saved } = invitationsOf();
  const secrets = Array.from({ length: LIMITS.invitationsMax }, () =>
    must(invitations.draw(0, MINUTE_MS), 'room'),
  );

  const oneMore = invitations.draw(0, MINUTE_MS);
  const daysLater = invitations.draw(3 * 86_400_000, 4 * 86_400_000);

  expect(oneMore).toBeNull();
  expect(daysLater).not.toBeNull();
  for (const secret of secrets) {
    expect(JSON.stringify(saved())).not.toContain(secret.toString('base64'));
    expect(JSON.stringify(saved())).not.toContain(secret.toString('hex'));
  }
});

function invitationsOf() {
  let kept: readonly Invitation[] = [];
  const invitations = new Invitations([], (all) => {
    kept = all;
  });
  return { invitations, saved: () => kept };
}
