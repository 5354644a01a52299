// When the address book is written down, and what: those that are not there, and some of those that are. Of the
// latter each peer takes the ones that follow it by id, so that all together have all. SPEC rule MB30.

import { addressText } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Now } from '../../model/time.ts';
import type { Outbox } from '../outbox.ts';
import type { AddressBook } from './address-book.ts';
import { placeOf } from './ring.ts';
import type { Roster } from './roster.ts';

export class AddressPages {
  readonly #self: PeerId;
  readonly #book: AddressBook;
  readonly #roster: Roster;
  readonly #everyMs: number;
  #dueMs: number;
  /** What was written down last. */
  #said = '';

  constructor(self: PeerId, book: AddressBook, roster: Roster, everyMs: number, firstMs: number) {
    this.#self = self;
    this.#book = book;
    this.#roster = roster;
    this.#everyMs = everyMs;
    this.#dueMs = firstMs;
  }

  turn(now: Now, out: Outbox): void {
    if (now.steadyMs >= this.#dueMs) this.write(now, out);
  }

  /** Only if it says something else than last time. */
  write(now: Now, out: Outbox): void {
    this.#dueMs = now.steadyMs + this.#everyMs;
    const present = nextFew(this.#roster.sorted(), this.#self, LIMITS.addressesPresentMax)
      .map((peer) => this.#roster.rumourOf(peer))
      .filter((rumour) => rumour !== undefined);
    const addresses = this.#book.page(present, now.wallMs);
    const said = addresses.map(({ peer, address }) => `${peer} ${addressText(address)}`).join(' ');
    if (said === this.#said) return;
    this.#said = said;
    out.announce({ type: 'addresses-known', addresses });
  }
}

/** Up to `count` of the sorted that come after `self`, in a ring. */
function nextFew(sorted: readonly PeerId[], self: PeerId, count: number): readonly PeerId[] {
  const at = placeOf(self, sorted);
  const fromStart = Math.max(0, Math.min(at, count - (sorted.length - at)));
  return [...sorted.slice(at, at + count), ...sorted.slice(0, fromStart)];
}
