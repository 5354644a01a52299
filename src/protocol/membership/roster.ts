// All members a peer knows, itself left out, found by id, by address, by chance and in order. A step costs the
// same whatever their number; only the sorted list is made anew, once for any number of changes, when it is
// asked for. SPEC rules MB3, MB22.

import { compareText } from '../../kit/order.ts';
import type { Random } from '../../kit/random.ts';
import { type Address, addressText } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Rumour } from '../../model/member.ts';
import type { Member } from './member.ts';

export class Roster {
  readonly #byId = new Map<PeerId, Member>();
  /** Who was last said to listen at an address. */
  readonly #byAddress = new Map<string, Member>();
  /** Alive or suspected, in no order. */
  readonly #reachable: Member[] = [];
  /** Dead, those that left not among them. */
  readonly #dead: Member[] = [];
  /** The ids of the reachable, by id: as of the last time somebody asked. */
  #sorted: readonly PeerId[] = [];
  /** Became reachable since; null while the sorted list is right. */
  #unsorted: PeerId[] | null = null;
  #patrol: Iterator<Member> = this.#byId.values();

  get size(): number {
    return this.#byId.size;
  }

  get isFull(): boolean {
    return this.#byId.size >= LIMITS.membersMax;
  }

  get reachable(): readonly Member[] {
    return this.#reachable;
  }

  get dead(): readonly Member[] {
    return this.#dead;
  }

  all(): IterableIterator<Member> {
    return this.#byId.values();
  }

  get(peer: PeerId): Member | undefined {
    return this.#byId.get(peer);
  }

  at(address: Address): Member | undefined {
    return this.#byAddress.get(addressText(address));
  }

  /** The same array until a member becomes reachable or ceases to be. */
  sorted(): readonly PeerId[] {
    if (this.#unsorted !== null) {
      // Two sorted runs: the engine's merge sort takes one pass.
      const merged = [...this.#sorted, ...this.#unsorted.sort(compareText)].sort(compareText);
      this.#sorted = merged.filter((peer, i) => peer !== merged[i - 1] && this.#byId.get(peer)?.reachable);
      this.#unsorted = null;
    }
    return this.#sorted;
  }

  add(member: Member): void {
    this.#byId.set(member.peer, member);
    this.#enter(member);
  }

  update(member: Member, rumour: Rumour): void {
    if (member.status === rumour.status && member.rumour.address === rumour.address) {
      member.rumour = rumour;
      return;
    }
    this.#quit(member, rumour);
    member.rumour = rumour;
    this.#enter(member);
  }

  drop(member: Member): void {
    this.#quit(member, null);
    this.#byId.delete(member.peer);
  }

  /** Up to `count` different reachable members by chance. Costs nothing that grows with their number. */
  some(count: number, except: Member, random: Random): Member[] {
    const chosen: Member[] = [];
    for (let tries = 0; tries < 4 * count && chosen.length < count && this.#reachable.length > 0; tries++) {
      const member = random.pick(this.#reachable);
      if (member !== except && !chosen.includes(member)) chosen.push(member);
    }
    return chosen;
  }

  /** The next on an endless walk past all members, for what must be looked at now and then. */
  next(): Member | null {
    const step = this.#patrol.next();
    if (!step.done) return step.value;
    this.#patrol = this.#byId.values();
    return null;
  }

  #enter(member: Member): void {
    this.#byAddress.set(addressText(member.rumour.address), member);
    const list = this.#listOf(member);
    if (list === null || member.place >= 0) return;
    member.place = list.length;
    list.push(member);
    if (list === this.#reachable) {
      this.#unsorted ??= [];
      this.#unsorted.push(member.peer);
    }
  }

  /** Takes it out of where it does not belong once `next` is said of it. */
  #quit(member: Member, next: Rumour | null): void {
    const where = addressText(member.rumour.address);
    if (this.#byAddress.get(where) === member) this.#byAddress.delete(where);
    const list = this.#listOf(member);
    const stays =
      next !== null &&
      isReachable(next) === member.reachable &&
      (list !== this.#dead || next.status === 'dead');
    if (list === null || stays) return;
    const last = list.pop();
    if (last !== undefined && last !== member) {
      list[member.place] = last;
      last.place = member.place;
    }
    member.place = -1;
    if (list === this.#reachable) this.#unsorted ??= [];
  }

  #listOf(member: Member): Member[] | null {
    if (member.reachable) return this.#reachable;
    return member.status === 'dead' ? this.#dead : null;
  }
}

function isReachable({ status }: Rumour): boolean {
  return status === 'alive' || status === 'suspected';
}
