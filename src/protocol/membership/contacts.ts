// Whom to dial without being asked: the seeds for ever, the absent of the address book now and then, addresses
// others mention once in a while. SPEC rules MB1, MB17, MB21, MB25, MB29.

import type { Random } from '../../kit/random.ts';
import { type Address, addressText, sameAddress } from '../../model/address.ts';
import type { KnownAddress } from '../../model/durable.ts';
import { LIMITS } from '../../model/limits.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { Outbox } from '../outbox.ts';
import type { AddressBook } from './address-book.ts';
import type { MembershipOptions } from './options.ts';
import type { Roster } from './roster.ts';

/** Up to this size, seeds that cannot be reached are dialled as often as `contactSettledMs` says. */
const SMALL_CLUSTER = 16;
/** So many of the address book are dialled at once by who knows nobody. */
const FIRST_LOOKS = 8;

interface Seed {
  readonly address: Address;
  dueMs: number;
  /** Back-off while nobody is known. */
  waitMs: number;
}

export class Contacts {
  readonly #own: Address;
  readonly #seeds: readonly Seed[];
  readonly #options: MembershipOptions;
  readonly #random: Random;
  readonly #roster: Roster;
  readonly #book: AddressBook;
  /** When an address was dialled last; the oldest goes when there are too many. */
  readonly #dialled = new Map<string, number>();
  #nextMs = NEVER;

  constructor(
    own: Address,
    seeds: readonly Address[],
    options: MembershipOptions,
    roster: Roster,
    book: AddressBook,
    random: Random,
  ) {
    this.#own = own;
    this.#options = options;
    this.#roster = roster;
    this.#book = book;
    this.#random = random;
    this.#seeds = seeds
      .filter((address) => !sameAddress(address, own))
      .slice(0, LIMITS.bootstrapPeersMax)
      .map((address) => ({ address, dueMs: NEVER, waitMs: options.contactFirstMs }));
  }

  get wakeAt(): number {
    return this.#nextMs;
  }

  /** Nobody is known (any more): all seeds and some old acquaintances at once, then each seed with its back-off. */
  begin(now: Now, out: Outbox): void {
    for (const seed of this.#seeds) {
      seed.waitMs = this.#options.contactFirstMs;
      seed.dueMs = now.steadyMs;
    }
    this.#nextMs = this.#seeds.length === 0 ? NEVER : now.steadyMs;
    this.wake(now, out);
    for (const { address } of this.#book.latest(FIRST_LOOKS)) this.once(address, now, out);
  }

  wake(now: Now, out: Outbox): void {
    if (now.steadyMs < this.#nextMs) return;
    this.#nextMs = NEVER;
    for (const seed of this.#seeds) {
      if (seed.dueMs <= now.steadyMs) {
        if (this.#roster.at(seed.address)?.reachable !== true) out.contact(seed.address);
        seed.dueMs = now.steadyMs + this.#wait(seed) * this.#random.between(0.75, 1.25);
      }
      this.#nextMs = Math.min(this.#nextMs, seed.dueMs);
    }
  }

  /** One of the absent, in about one of as many periods as there are members: all together one each period. */
  absentOfTurn(): KnownAddress | null {
    const isOurTurn = this.#book.absent > 0 && this.#random.chance(1 / (this.#roster.reachable + 1));
    return isOurTurn ? this.#book.pick(this.#random) : null;
  }

  /** Dials it unless that was done a short while ago, or it is this peer's own. */
  once(address: Address, now: Now, out: Outbox): void {
    const key = addressText(address);
    const lastMs = this.#dialled.get(key) ?? Number.NEGATIVE_INFINITY;
    if (now.steadyMs - lastMs < this.#options.contactSettledMs || sameAddress(address, this.#own)) return;
    this.#dialled.delete(key);
    this.#dialled.set(key, now.steadyMs);
    if (this.#dialled.size > this.#options.contactsRememberedMax) {
      const oldest = this.#dialled.keys().next().value;
      if (oldest !== undefined) this.#dialled.delete(oldest);
    }
    out.contact(address);
  }

  #wait(seed: Seed): number {
    const members = this.#roster.reachable;
    // A seed that is gone for good must not be dialled more often the more dial it.
    if (members > 0) return this.#options.contactSettledMs * Math.max(1, members / SMALL_CLUSTER);
    const waitMs = seed.waitMs;
    seed.waitMs = Math.min(2 * waitMs, this.#options.contactSlowestMs);
    return waitMs;
  }
}
