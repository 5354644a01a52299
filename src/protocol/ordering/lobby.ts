// What a peer does that has no place in a group yet: it says who it is over each link and from time to time,
// founds a group with others that know of none, or begins from a base of the one it hears of. SPEC rules OR36,
// OR41-OR43.

import type { Random } from '../../kit/random.ts';
import type { Base, FoundingState } from '../../model/entry.ts';
import type { GroupId, GroupMember, GroupView } from '../../model/group-view.ts';
import { compareIdentities, type Identity, type PeerId } from '../../model/ids.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { FoundingMessage, ReplicateMessage, ViewMessage } from '../../wire/ordering-messages.ts';
import { BaseFetch } from './base-fetch.ts';
import { Founding, type FoundingPort } from './founding.ts';
import type { OrderingOutbox } from './port.ts';
import type { Site } from './site.ts';
import { memberOf, membersOf, type ViewPlace, type Views } from './views.ts';

type Greeting = Extract<ViewMessage, { type: 'VIEW_SYNC_REQUEST' }>;
type BasePart = Extract<ReplicateMessage, { type: 'BASE' }>;

/** Of many links, so many are asked at a time. */
const ASKED_AT_ONCE = 3;

export class Lobby {
  readonly #site: Site;
  readonly #expect: number;
  readonly #random: Random;
  #self: GroupMember;
  #group: GroupId | null;
  #founding: Founding | null;
  #base: BaseFetch | null = null;
  #greetAtMs: number;
  #askAgainMs = 0;
  /** Who leads, as a member said last. */
  #leaderTold: PeerId | null = null;
  #judged: { readonly view: ViewPlace | null; readonly identity: Identity | null } = {
    view: null,
    identity: null,
  };
  /** Whether the peer wants a place at all. */
  joins = true;
  /** Whether it has one: nothing to ask for. */
  hasPlace = false;

  constructor(
    site: Site,
    self: GroupMember,
    expect: number,
    group: GroupId | null,
    state: FoundingState | null,
    random: Random,
    now: Now,
  ) {
    this.#site = site;
    this.#self = self;
    this.#expect = expect;
    this.#group = group;
    this.#random = random;
    this.#founding = group === null ? new Founding(site, self, expect, state, random, now) : null;
    this.#greetAtMs = now.steadyMs + site.options.joinEveryMs;
  }

  get wakeAt(): number {
    const founding = this.#base === null ? (this.#founding?.wakeAt ?? NEVER) : NEVER;
    return Math.min(
      this.hasPlace === this.joins ? NEVER : this.#greetAtMs,
      founding,
      this.#base?.wakeAt ?? NEVER,
    );
  }

  get isFounding(): boolean {
    return this.#founding !== null;
  }

  /** The member this peer is, or would be. */
  get self(): GroupMember {
    return this.#self;
  }

  renamed(self: GroupMember): void {
    this.#self = self;
    this.hasPlace = false;
  }

  /**
   * What a member says of its group. A disk that was lost may have had a later identity: only one later still gets its
   * place. (OR25)
   */
  told(view: GroupView, leader: PeerId | null, out: OrderingOutbox): void {
    const { peer, identity } = this.#self;
    this.#leaderTold = leader;
    for (const member of membersOf(view)) {
      if (member.peer !== peer || compareIdentities(member.identity, identity) <= 0) continue;
      out.announce({ type: 'namesake-in-group', identity: member.identity });
    }
  }

  /** What the committed view makes of this peer. */
  judge({ committed, isSettled }: Views): void {
    const { peer, identity } = this.#self;
    if (committed === this.#judged.view && identity === this.#judged.identity) return;
    const wasIn = this.hasPlace && identity === this.#judged.identity;
    const isIn = memberOf(committed.view, peer, identity) !== undefined;
    this.#judged = { view: committed, identity };
    // Who was put out does not ask to come back, until it is started again.
    if (isSettled && wasIn && !isIn) this.joins = false;
    this.hasPlace = isIn;
  }

  /** The group has gone on without this peer, which was in it. */
  putOut(): void {
    this.joins = false;
    this.hasPlace = false;
  }

  /** Says who this peer is, to one who can tell what it lacks; not too often. */
  greet(peer: PeerId, now: Now, out: OrderingOutbox): void {
    if (now.steadyMs < this.#askAgainMs) return;
    this.#askAgainMs = now.steadyMs + this.#site.options.heartbeatMs;
    out.send(peer, this.greeting(), 'stream');
  }

  /** Says so to a few of these, whose group answers with who leads it. */
  ask(peers: readonly PeerId[], out: OrderingOutbox): void {
    const greeting = this.greeting();
    for (const peer of this.#random.sample(peers, ASKED_AT_ONCE)) out.send(peer, greeting, 'stream');
  }

  greeting(): Greeting {
    const { joins } = this;
    const { format } = this.#site.options;
    return {
      type: 'VIEW_SYNC_REQUEST',
      group: this.#group,
      member: this.#self,
      expect: this.#expect,
      format,
      joins,
    };
  }

  wake(
    live: readonly PeerId[],
    leader: PeerId | null,
    now: Now,
    port: FoundingPort,
    out: OrderingOutbox,
  ): void {
    if (this.#base === null) this.#founding?.wake(now, port);
    if (now.steadyMs >= (this.#base?.wakeAt ?? NEVER)) this.#base?.consider(live, now, out);
    if (now.steadyMs < this.#greetAtMs) return;
    this.#greetAtMs = now.steadyMs + this.#site.options.joinEveryMs;
    // Who wants a place asks until it has one, and who wants to leave until it has none.
    if (this.hasPlace === this.joins) return;
    const greeting = this.greeting();
    const asked = leader !== null ? [leader] : this.#random.sample(live, ASKED_AT_ONCE);
    // Only who leads gives a place, and no link to it need stand: a message makes one.
    const { peer: self } = this.#self;
    const told = this.#leaderTold;
    if (told !== null && told !== self && !asked.includes(told)) asked.push(told);
    // Founders need to see each other, all of them.
    for (const peer of this.#founding !== null ? live : asked) out.send(peer, greeting, 'stream');
  }

  /** Another node that knows of no group. */
  saw({ member, expect }: Greeting, now: Now): void {
    this.#founding?.saw(member, expect, now);
  }

  lost(peer: PeerId): void {
    this.#founding?.lost(peer);
  }

  founding(from: PeerId, message: FoundingMessage, now: Now, port: FoundingPort, out: OrderingOutbox): void {
    this.#founding?.receive(from, message, now, port, out);
  }

  foundingSaved(state: FoundingState, out: OrderingOutbox): void {
    this.#founding?.saved(state, out);
  }

  /** There is a group: this peer founds none any more, and begins from a base of it. */
  begin(group: GroupId, from: PeerId, now: Now, out: OrderingOutbox): boolean {
    if (this.#base?.group === group) return false;
    this.#base = new BaseFetch(this.#site, group, this.#random);
    this.#base.consider([from], now, out);
    return true;
  }

  base(from: PeerId, part: BasePart, now: Now, out: OrderingOutbox): Base | null {
    if (this.#base?.group !== part.group) return null;
    const base = this.#base.answered(from, part, now, out);
    if (base !== null) this.#base = null;
    return base;
  }

  /** The former group is no more: a place in this one is asked for. */
  leaveFor(group: GroupId, live: readonly PeerId[], now: Now, out: OrderingOutbox): void {
    this.#group = null;
    this.hasPlace = false;
    this.joins = true;
    this.#judged = { view: null, identity: null };
    this.#base = new BaseFetch(this.#site, group, this.#random);
    this.#base.consider(live, now, out);
  }

  /** A base is being fetched. */
  get isBeginning(): boolean {
    return this.#base !== null;
  }

  entered(group: GroupId): void {
    this.#group = group;
    this.#greetAtMs = 0;
    this.#founding = null;
    this.#base = null;
  }
}
