import { expect, test } from 'vitest';
import type { Address } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import type { LinkLoss } from '../../protocol/outbox.ts';
import type { Hello } from '../../wire/messages.ts';
import { type Line, Links } from './links.ts';
import { ann, bob, cat, dan, helloOf } from './testing.ts';

const BOBS: Address = { host: '127.0.0.1', port: 2 };

test('[NW5] when both sides have dialled, the connection of the greater id is used and the own other one closed', () => {
  const { links, story } = linksOf(ann);
  const dialled = lineFrom('us');
  const accepted = lineFrom('them');

  links.admit(dialled, helloOf(bob), BOBS, 0);
  links.admit(accepted, helloOf(bob), null, 1);

  expect(links.lineTo(bob)).toBe(accepted);
  expect(dialled.fate).toBe('closed');
  expect(story).toEqual(['up bob']);
});

test('[NW5] the greater id keeps its own connection and waits for the other side to close the other one', () => {
  const { links, story } = linksOf(bob);
  const accepted = lineFrom('them');
  const dialled = lineFrom('us');

  links.admit(accepted, helloOf(ann), null, 0);
  links.admit(dialled, helloOf(ann), BOBS, 1);
  const before = accepted.fate;
  links.gone(accepted, ann, 'closed', 2);

  expect(before).toBe('open');
  expect(links.lineTo(ann)).toBe(dialled);
  expect(story).toEqual(['up ann']);
});

test('[NW5] a spare connection that its dialler does not close shows that the preferred one is dead there', () => {
  const { links, story } = linksOf(bob);
  const dialled = lineFrom('us');
  const accepted = lineFrom('them');
  links.admit(dialled, helloOf(ann), BOBS, 0);
  links.admit(accepted, helloOf(ann), null, 10_000);

  links.sweep(10_999);
  const before = links.lineTo(ann);
  links.sweep(11_000);

  expect(before).toBe(dialled);
  expect(links.lineTo(ann)).toBe(accepted);
  expect(dialled.fate).toBe('closed');
  expect(story).toEqual(['up ann']);
});

test('[NW5] a connection that was used for long is not overdue at the moment it becomes a spare', () => {
  const { links } = linksOf(bob);
  const accepted = lineFrom('them');
  const dialled = lineFrom('us');
  links.admit(accepted, helloOf(ann), null, 0);

  links.admit(dialled, helloOf(ann), BOBS, 60_000);
  links.sweep(60_001);

  expect(links.lineTo(ann)).toBe(dialled);
  expect(dialled.fate).toBe('open');
});

test('[NW5] of several connections dialled by one side the latest is used, and only so many are kept', () => {
  const { links, story } = linksOf(ann);
  const lines = Array.from({ length: 6 }, () => lineFrom('them'));

  for (const [at, line] of lines.entries()) links.admit(line, helloOf(bob), null, at);

  expect(links.lineTo(bob)).toBe(lines[5]);
  expect(lines.map(({ fate }) => fate)).toEqual(['closed', 'closed', 'open', 'open', 'open', 'open']);
  expect(story).toEqual(['up bob']);
});

test('[NW5] a link whose connection ended is held while an own dial to that peer is under way', () => {
  const { links, story, dialling } = linksOf(bob);
  const accepted = lineFrom('them');
  const dialled = lineFrom('us');
  links.admit(accepted, helloOf(ann), null, 0);

  dialling.value = true;
  links.gone(accepted, ann, 'closed', 1);
  const meanwhile = links.lineTo(ann);
  links.admit(dialled, helloOf(ann), BOBS, 2);
  dialling.value = false;
  links.dialEnded();

  expect(meanwhile).toBeNull();
  expect(links.lineTo(ann)).toBe(dialled);
  expect(story).toEqual(['up ann']);
});

test('[NW5] a link is not held for longer than a dial may take', () => {
  const { links, story, dialling } = linksOf(bob);
  const accepted = lineFrom('them');
  links.admit(accepted, helloOf(ann), null, 0);
  dialling.value = true;
  links.gone(accepted, ann, 'closed', 5_000);

  links.sweep(5_999);
  const before = [...story];
  links.sweep(6_000);

  expect(before).toEqual(['up ann']);
  expect(story).toEqual(['up ann', 'down ann closed']);
});

test('[NW5] a held link goes down when the dial it waited for fails', () => {
  const { links, story, dialling } = linksOf(bob);
  const accepted = lineFrom('them');
  links.admit(accepted, helloOf(ann), null, 0);
  dialling.value = true;
  links.gone(accepted, ann, 'closed', 1);

  dialling.value = false;
  links.dialEnded();

  expect(story).toEqual(['up ann', 'down ann closed']);
});

test('[NW6] a later process of the same peer replaces the link of the earlier one', () => {
  const { links, story } = linksOf(ann);
  const before = lineFrom('them');
  const after = lineFrom('them');

  links.admit(before, helloOf(bob, { instance: '0'.repeat(16), uptimeMs: 5_000 }), null, 10_000);
  links.admit(after, helloOf(bob, { instance: '1'.repeat(16), uptimeMs: 10 }), null, 10_500);

  expect(links.lineTo(bob)).toBe(after);
  expect(before.fate).toBe('dropped');
  expect(story).toEqual(['up bob', 'down bob closed', 'up bob']);
});

test('[NW6] an earlier process of the same peer is outlived by the one that is linked', () => {
  const { links } = linksOf(ann);
  const later = helloOf(bob, { instance: '1'.repeat(16), uptimeMs: 10, address: BOBS });
  const earlier = helloOf(bob, { instance: '0'.repeat(16), uptimeMs: 5_000 });

  links.admit(lineFrom('them'), later, null, 10_000);

  expect(links.outlivedBy(earlier, 10_100)).toEqual(BOBS);
  expect(links.outlivedBy(later, 10_100)).toBeNull();
});

test('[NW11] a link is known by what the peer advertises and by where it was dialled', () => {
  const { links } = linksOf(ann);
  const alias: Address = { host: 'localhost', port: 2 };

  links.admit(lineFrom('us'), helloOf(bob, { address: BOBS }), alias, 0);

  expect(links.listensAt(bob, BOBS)).toBe(true);
  expect(links.listensAt(bob, alias)).toBe(true);
  expect(links.listensAt(bob, { host: '127.0.0.1', port: 3 })).toBe(false);
  expect(links.reaches(alias)).toBe(true);
});

test('[NW6] a connection that was replaced takes nothing down when it ends', () => {
  const { links, story } = linksOf(ann);
  const dialled = lineFrom('us');
  links.admit(dialled, helloOf(bob), BOBS, 0);
  links.admit(lineFrom('them'), helloOf(bob), null, 1);

  links.gone(dialled, bob, 'failed', 2);

  expect(story).toEqual(['up bob']);
});

test('[NW21] of more links than are kept, those unused for longest are closed once they are idle', () => {
  const { links, story } = linksOf(ann);
  const lines = new Map([bob, cat, dan].map((peer) => [peer, lineFrom('them')]));
  for (const [peer, line] of lines) links.admit(line, helloOf(peer), null, 0);
  links.used(bob, 3_000);
  links.used(dan, 5_000);

  links.sweep(3_999);
  const before = [...story];
  links.sweep(9_500);

  expect(before).toEqual(['up bob', 'up cat', 'up dan']);
  expect(story.slice(3)).toEqual(['down cat idle']);
  expect(lines.get(cat)?.fate).toBe('released');
  expect(links.lineTo(cat)).toBeNull();
});

test('[NW21] links in use stand, however many they are', () => {
  const { links, story } = linksOf(ann);
  for (const peer of [bob, cat, dan]) links.admit(lineFrom('us'), helloOf(peer), null, 0);

  for (const peer of [bob, cat, dan]) links.used(peer, 10_000);
  links.sweep(12_000);

  expect(story).toEqual(['up bob', 'up cat', 'up dan']);
});

test('[NW11] a link to a peer that is missed is given up once nothing was heard over it for long, though much was sent', () => {
  const { links, story } = linksOf(ann);
  for (const [peer, port] of [
    [bob, 2],
    [cat, 3],
  ] as const) {
    links.admit(lineFrom('us'), helloOf(peer, { address: { host: '127.0.0.1', port } }), null, 0);
  }
  links.used(bob, 3_999);
  links.heard(cat, 1);

  links.giveUpMute(BOBS, 3_999);
  const before = [...story];
  links.giveUpMute(BOBS, 4_000);
  links.giveUpMute({ host: '127.0.0.1', port: 3 }, 4_000);

  expect(before).toEqual(['up bob', 'up cat']);
  expect(story.slice(2)).toEqual(['down bob failed']);
});

function linksOf(self: PeerId) {
  const story: string[] = [];
  const dialling = { value: false };
  const links = new Links(
    self,
    { spareMs: 1_000, linksKept: 2, idleMs: 4_000 },
    {
      up: (hello: Hello) => story.push(`up ${hello.peer}`),
      down: (peer: PeerId, cause: LinkLoss) => story.push(`down ${peer} ${cause}`),
      helloDue: () => dialling.value,
    },
  );
  return { links, story, dialling };
}

function lineFrom(dialledBy: 'us' | 'them') {
  const line: Line & { fate: 'open' | 'closed' | 'dropped' | 'released' } = {
    dialledBy,
    fate: 'open',
    close: () => {
      line.fate = 'closed';
    },
    drop: () => {
      line.fate = 'dropped';
    },
    release: () => {
      line.fate = 'released';
    },
  };
  return line;
}
