import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import type { KnownAddress } from '../../model/durable.ts';
import type { PeerId } from '../../model/ids.ts';
import { Names } from '../../model/names.ts';
import { NEVER } from '../../model/time.ts';
import { AddressBook } from './address-book.ts';
import { Contacts } from './contacts.ts';
import { Member } from './member.ts';
import { MEMBERSHIP_DEFAULTS } from './options.ts';
import { Roster } from './roster.ts';
import { at, crowd, EPOCH_MS, homeOf, peerOf, RecordedOutbox, rumourOf } from './testing.ts';

const ann = peerOf('ann');
const bob = peerOf('bob');
const cat = peerOf('cat');

test('[MB1] all seeds are dialled at once, the own address among them is passed over', () => {
  const { contacts, out } = contactsOf(ann, [ann, bob, cat]);

  contacts.begin(at(0), out);

  expect(out.contacts).toEqual([homeOf(bob), homeOf(cat)]);
});

test('[MB1] alone, a peer goes on dialling with a back-off that has a bound', () => {
  const { contacts, out } = contactsOf(ann, [bob]);
  contacts.begin(at(0), out);

  const dialledMs = dialsUntil(60_000, contacts, out);

  const pausesMs = dialledMs.map((ms, i) => ms - (dialledMs[i - 1] ?? 0));
  expect(dialledMs.filter((ms) => ms < 1_000).length).toBeGreaterThanOrEqual(2);
  expect(Math.max(...pausesMs)).toBeLessThanOrEqual(1.25 * MEMBERSHIP_DEFAULTS.contactSlowestMs);
  expect(dialledMs.length).toBeGreaterThan(10);
});

test('[MB1] a seed is dialled as long as no live member is known at its address, also in a cluster', () => {
  const { contacts, roster, out } = contactsOf(ann, [bob, cat]);
  roster.add(new Member(rumourOf(bob), 0));
  contacts.begin(at(0), out);

  const dialledMs = dialsUntil(60_000, contacts, out);

  expect(out.contacts).not.toContainEqual(homeOf(bob));
  expect(dialledMs.length).toBeGreaterThan(8);
  expect(dialledMs.length).toBeLessThan(18);
});

test('[MB1] in a large cluster a seed that is gone is dialled seldom', () => {
  const { contacts, roster, out } = contactsOf(ann, [bob]);
  for (let i = 0; i < 1_600; i++) roster.add(new Member(rumourOf(peerOf(`peer-${i}`)), 0));
  contacts.begin(at(0), out);
  out.clear();

  expect(dialsUntil(300_000, contacts, out)).toEqual([]);
  expect(contacts.wakeAt).toBeLessThan(NEVER);
});

test('[MB25] an address that others mention is not dialled again and again, and only so many are remembered', () => {
  const { contacts, out } = contactsOf(ann, []);

  for (const ms of [0, 1_000, 4_999, 5_000]) contacts.once(homeOf(bob), at(ms), out);
  contacts.once(homeOf(ann), at(5_000), out);

  expect(out.contacts).toEqual([homeOf(bob), homeOf(bob)]);
});

test('[MB29] whoever knows nobody dials those of the address book that were seen last, with the seeds', () => {
  const known = crowd(20).map((peer, i) => ({ peer, address: homeOf(peer), seenMs: EPOCH_MS - i }));
  const { contacts, out } = contactsOf(ann, [bob], known);

  contacts.begin(at(0), out);

  expect(out.contacts).toEqual([homeOf(bob), ...crowd(8).map(homeOf)]);
});

function contactsOf(self: PeerId, seeds: readonly PeerId[], known: readonly KnownAddress[] = []) {
  const roster = new Roster(new Names());
  const random = new Random(7);
  const book = new AddressBook(self, known, MEMBERSHIP_DEFAULTS.addressesKeptMs, EPOCH_MS);
  const contacts = new Contacts(homeOf(self), seeds.map(homeOf), MEMBERSHIP_DEFAULTS, roster, book, random);
  return { contacts, roster, out: new RecordedOutbox() };
}

function dialsUntil(endMs: number, contacts: Contacts, out: RecordedOutbox): number[] {
  const dialledMs: number[] = [];
  while (contacts.wakeAt <= endMs) {
    const ms = contacts.wakeAt;
    const before = out.contacts.length;
    contacts.wake(at(ms), out);
    if (out.contacts.length > before) dialledMs.push(ms);
  }
  return dialledMs;
}
