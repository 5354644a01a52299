// All members a peer knows, itself left out, found by id, by chance and in order. A step costs the same whatever
// their number; only the sorted list is made anew, once for any number of changes, when it is asked for. SPEC
// rules MB3, MB22.
//
// The surprise: a member of long standing of which nothing was seen here is only its rumour, which all peers of
// one process share. What a peer holds of it is made when it is first looked at.

import { compareText } from '../../kit/order.ts';
import type { Random } from '../../kit/random.ts';
import { type Address, sameAddress } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Rumour } from '../../model/member.ts';
import { type Names, PeerMap } from '../../model/names.ts';
import { isReachable, Member } from './member.ts';

const NOBODY: ReadonlySet<PeerId> = new Set();

export class Roster {
  readonly #byId: PeerMap<Member | Rumour>;
  /** How many are alive or suspected. */
  #reachable = 0;
  #suspected = 0;
  /** The ids of the reachable, by id: as of the last time somebody asked. */
  #sorted: readonly PeerId[] = [];
  /** Became reachable since. */
  #came: PeerId[] = [];
  /** Have ceased to be since, though they may be again. */
  readonly #went = new Set<PeerId>();
  /** Became reachable, ceased to be, or stands in another zone since somebody asked. */
  #changed = new Set<PeerId>();
  #patrol: Iterator<Member | Rumour>;
  /** Since when there are members of long standing, and whether they were linked with. */
  #standingSinceMs = 0;
  #standingLinked = false;
  /** All of those are changes since somebody asked. */
  #standingUntold = false;

  constructor(names: Names) {
    this.#byId = new PeerMap(names);
    this.#patrol = this.#byId.values();
  }

  get size(): number {
    return this.#byId.size;
  }

  get isFull(): boolean {
    return this.#byId.size >= LIMITS.membersMax;
  }

  get reachable(): number {
    return this.#reachable;
  }

  get suspected(): number {
    return this.#suspected;
  }

  get(peer: PeerId): Member | undefined {
    const entry = this.#byId.get(peer);
    if (entry === undefined || entry instanceof Member) return entry;
    return this.#lookAt(entry);
  }

  rumourOf(peer: PeerId): Rumour | undefined {
    const entry = this.#byId.get(peer);
    return entry instanceof Member ? entry.rumour : entry;
  }

  /** Who is said to listen there, one to be counted on if there is one. */
  at(address: Address): Member | undefined {
    let found: Rumour | undefined;
    for (const rumour of this.rumours()) {
      if (!sameAddress(rumour.address, address)) continue;
      if (found === undefined || isReachable(rumour)) found = rumour;
    }
    return found && this.get(found.peer);
  }

  *rumours(): Generator<Rumour> {
    for (const entry of this.#byId.values()) yield entry instanceof Member ? entry.rumour : entry;
  }

  *all(): Generator<Member> {
    for (const entry of this.#byId.values()) yield entry instanceof Member ? entry : this.#lookAt(entry);
  }

  /** Those of which more is held than their rumour; of the others nothing but that they live is known. */
  *seen(): Generator<Member> {
    for (const entry of this.#byId.values()) if (entry instanceof Member) yield entry;
  }

  /** The same array until a member becomes reachable or ceases to be. */
  sorted(): readonly PeerId[] {
    if (this.#came.length > 0 || this.#went.size > 0) {
      this.#sorted = this.#merged();
      this.#came = [];
      this.#went.clear();
    }
    return this.#sorted;
  }

  /** What became of whom is for the caller to look up; a change and its contrary are one entry. (MB3) */
  takeChanged(): ReadonlySet<PeerId> {
    if (this.#changed.size === 0 && !this.#standingUntold) return NOBODY;
    const changed = this.#standingUntold ? new Set([...this.#byId.keys(), ...this.#changed]) : this.#changed;
    this.#standingUntold = false;
    this.#changed = new Set();
    return changed;
  }

  add(member: Member): void {
    this.#byId.set(member.peer, member);
    if (member.status === 'suspected') this.#suspected++;
    if (member.reachable) this.#come(member.peer);
  }

  /** A member of long standing, alive. */
  addStanding(rumour: Rumour, linked: boolean, nowMs: number): void {
    this.#standingSinceMs = nowMs;
    this.#standingLinked = linked;
    this.#byId.set(rumour.peer, rumour);
    this.#reachable++;
    this.#came.push(rumour.peer);
    this.#standingUntold = true;
  }

  update(member: Member, rumour: Rumour): void {
    const before = member.rumour;
    member.rumour = rumour;
    this.#suspected += Number(rumour.status === 'suspected') - Number(before.status === 'suspected');
    if (before.zone !== rumour.zone) this.#changed.add(member.peer);
    if (isReachable(before) === isReachable(rumour)) return;
    if (isReachable(rumour)) this.#come(member.peer);
    else this.#go(member.peer);
  }

  drop(member: Member): void {
    this.#byId.delete(member.peer);
    if (member.status === 'suspected') this.#suspected--;
    if (member.reachable) this.#go(member.peer);
  }

  /** A reachable one by chance. */
  pick(random: Random): Member | undefined {
    const sorted = this.sorted();
    return sorted.length === 0 ? undefined : this.get(random.pick(sorted));
  }

  /** Up to `count` different reachable members by chance. Costs nothing that grows with their number. */
  some(count: number, except: Member, random: Random): Member[] {
    const chosen: Member[] = [];
    for (let tries = 0; tries < 4 * count && chosen.length < count; tries++) {
      const member = this.pick(random);
      if (member !== undefined && member !== except && !chosen.includes(member)) chosen.push(member);
    }
    return chosen;
  }

  /** The next on an endless walk past all members, for what must be looked at now and then. */
  next(): Member | null {
    const step = this.#patrol.next();
    if (step.done) this.#patrol = this.#byId.values();
    return !step.done && step.value instanceof Member ? step.value : null;
  }

  #lookAt(rumour: Rumour): Member {
    const member = new Member(rumour, this.#standingSinceMs);
    member.knowsThisPeer = true;
    if (this.#standingLinked) member.linkStands();
    this.#byId.set(rumour.peer, member);
    return member;
  }

  #come(peer: PeerId): void {
    this.#reachable++;
    this.#came.push(peer);
    this.#changed.add(peer);
  }

  #go(peer: PeerId): void {
    this.#reachable--;
    this.#went.add(peer);
    this.#changed.add(peer);
  }

  /** Two sorted runs in one, each id once, and only the reachable. */
  #merged(): readonly PeerId[] {
    const merged: PeerId[] = [];
    const came = this.#came.sort(compareText);
    let at = 0;
    for (const peer of this.#sorted) {
      for (let next = came[at]; next !== undefined && next < peer; next = came[++at])
        this.#keep(merged, next);
      this.#keep(merged, peer);
    }
    for (let next = came[at]; next !== undefined; next = came[++at]) this.#keep(merged, next);
    return merged;
  }

  #keep(merged: PeerId[], peer: PeerId): void {
    if (merged.at(-1) === peer) return;
    const rumour = this.#went.has(peer) ? this.rumourOf(peer) : null;
    if (rumour === null || (rumour !== undefined && isReachable(rumour))) merged.push(peer);
  }
}
