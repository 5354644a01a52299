// Membership: who is in the cluster, where, and alive. SWIM (Das 2002) with incarnations and refutation, made
// patient by Lifeguard (Dadgar 2017). SPEC rules MB1-MB32.
//
// Who is told what is `spreader.ts`, who is doubted `detector.ts`, what this peer says of itself `own.ts`, whom
// it dials `contacts.ts`, what is said of the members and how that changes `census.ts`, who exchanges all that
// is known with whom `whole-lists.ts`. Here come the inputs.

import { unreachable } from '../../kit/assert.ts';
import { compareText } from '../../kit/order.ts';
import type { Random } from '../../kit/random.ts';
import { type Address, sameAddress } from '../../model/address.ts';
import type { KnownAddress } from '../../model/durable.ts';
import type { Identity, PeerId } from '../../model/ids.ts';
import type { MemberStatus, Rumour } from '../../model/member.ts';
import { Names } from '../../model/names.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { MemberView } from '../../model/view.ts';
import type { Hello, MembershipMessage } from '../../wire/messages.ts';
import type { Channel, ContactFailure, LinkLoss, Outbox } from '../outbox.ts';
import { AddressBook } from './address-book.ts';
import { AddressPages } from './address-pages.ts';
import { Census, type Reception } from './census.ts';
import { Contacts } from './contacts.ts';
import { zeroCounters } from './counters.ts';
import { Detector } from './detector.ts';
import { Graves } from './graves.ts';
import { isReachable, ownView } from './member.ts';
import type { MembershipOptions } from './options.ts';
import { Own } from './own.ts';
import { nextTurn } from './ring.ts';
import { Roster } from './roster.ts';
import { Spreader } from './spreader.ts';
import { WholeLists } from './whole-lists.ts';

export class Membership {
  readonly #options: MembershipOptions;
  readonly #own: Own;
  readonly #roster: Roster;
  readonly #graves: Graves;
  readonly #book: AddressBook;
  readonly #pages: AddressPages;
  readonly #spreader: Spreader;
  readonly #detector: Detector;
  readonly #contacts: Contacts;
  readonly #lists: WholeLists;
  readonly #census: Census;
  readonly #counters = zeroCounters();

  #phase: 'starting' | 'running' | 'left' = 'starting';
  /** Where in each period of the time of day its turn is. */
  readonly #turnPhaseMs: number;
  #turnMs = NEVER;
  /** Own time of day less own steady time, as of the last step. */
  #clockAheadMs: number;

  constructor(
    self: Rumour,
    seeds: readonly Address[],
    options: MembershipOptions,
    random: Random,
    now: Now,
    addresses: readonly KnownAddress[] = [],
    names: Names = new Names(),
  ) {
    this.#roster = new Roster(names);
    this.#options = options;
    this.#own = new Own(self, now.steadyMs);
    this.#graves = new Graves(options.gravesKeptMs);
    this.#book = new AddressBook(self.peer, addresses, options.addressesKeptMs, now.wallMs);
    this.#spreader = new Spreader(this.#own, this.#roster, options, random);
    this.#detector = new Detector(self.peer, this.#roster, this.#spreader, options, this.#counters, random);
    this.#contacts = new Contacts(self.address, seeds, options, this.#roster, this.#book, random);
    this.#lists = new WholeLists(this.#own, this.#roster, options, random);
    this.#census = new Census(self.peer, options, {
      roster: this.#roster,
      graves: this.#graves,
      book: this.#book,
      spreader: this.#spreader,
      detector: this.#detector,
      contacts: this.#contacts,
      counters: this.#counters,
    });
    this.#turnPhaseMs = options.heartbeatIntervalMs * random.between(0.1, 0.9);
    this.#clockAheadMs = now.wallMs - now.steadyMs;
    const firstMs = now.steadyMs + options.addressesEveryMs * random.between(0.1, 1);
    this.#pages = new AddressPages(self.peer, this.#book, this.#roster, options.addressesEveryMs, firstMs);
  }

  get wakeAt(): number {
    if (this.#phase !== 'running') return NEVER;
    return Math.min(this.#turnMs, this.#spreader.wakeAt, this.#detector.wakeAt, this.#contacts.wakeAt);
  }

  start(now: Now, out: Outbox): void {
    this.#phase = 'running';
    this.#turnMs = nextTurn(now, this.#turnPhaseMs, this.#options.heartbeatIntervalMs);
    // Who begins joined is known already.
    if (this.#roster.size === 0) this.#spreader.news(this.#own.rumour, 'plain', now);
    this.#contacts.begin(now, out);
  }

  /** Before `start`: these are members and know of this peer, as if it had been among them for long. (SM20) */
  joined(members: readonly Rumour[], linked: boolean, now: Now): void {
    for (const rumour of members) {
      if (rumour.peer !== this.#own.peer) this.#census.know(rumour, linked, now);
    }
    this.#lists.settled(members.length, now.steadyMs);
  }

  wake(now: Now, out: Outbox): void {
    if (this.#phase !== 'running') return;
    this.#clockAheadMs = now.wallMs - now.steadyMs;
    if (now.steadyMs >= this.#turnMs) this.#turn(now, out);
    for (const verdict of this.#detector.wake(now, out)) this.#census.accuse(verdict, now, out);
    this.#contacts.wake(now, out);
    this.#spreader.wake(now, out);
  }

  receive(from: PeerId, message: MembershipMessage, channel: Channel, now: Now, out: Outbox): void {
    if (this.#phase !== 'running') return;
    switch (message.type) {
      case 'JOIN_REQUEST':
        this.#askedForAll(from, message.self, now, out);
        break;
      case 'PEER_LIST':
        if (message.whole) this.#lists.came(now);
        this.#hearAll(message.rumours, from, message.whole, now, out);
        break;
      case 'PING':
        this.#hearAll(message.rumours, from, false, now, out);
        this.#answer(from, message.nonce, channel, now, out);
        break;
      case 'PONG':
        this.#hearAll(message.rumours, from, false, now, out);
        this.#detector.pong(from, message.nonce, message.wallMs, channel, now, out);
        break;
      case 'PING_REQUEST':
        this.#detector.probeFor(from, message.nonce, message.target, now, out);
        break;
      default:
        unreachable(message);
    }
    this.#spreader.wake(now, out);
  }

  linkUp(hello: Hello, now: Now, out: Outbox): void {
    if (this.#phase !== 'running' || hello.peer === this.#own.peer) return;
    const { peer, identity, incarnation, address, apiPort, zone } = hello;
    const before = this.#roster.rumourOf(peer);
    const known = before !== undefined && isReachable(before);
    const taken = known && !sameAddress(before.address, address) ? before : null;
    const claim: Rumour = { peer, identity, incarnation, address, apiPort, zone, status: 'alive' };
    this.#hear(claim, peer, false, now, out);
    const member = this.#census.speaker(peer, now);
    if (member === undefined) return;

    member.linkStands();
    member.probed(true);
    this.#detector.heard(member, 'direct', now);
    // Whoever has the id at the other address may live, and only the newcomer can find out. (MB21)
    if (taken !== null) this.#spreader.tell(member, [taken], out);
    // It cannot refute what it does not know. (MB23)
    if (member.status !== 'alive' || !sameAddress(member.rumour.address, address)) {
      this.#spreader.tell(member, [member.rumour], out);
    }
    // Among members who know of each other, links come and go without a whole list each time.
    if (!known || this.#lists.isDue(now)) this.#lists.ask(member, now, out);
    this.#spreader.wake(now, out);
  }

  /** A lost link is a hint, verified at once. (MB16) */
  linkDown(peer: PeerId, cause: LinkLoss, now: Now, out: Outbox): void {
    const member = this.#roster.get(peer);
    if (this.#phase !== 'running' || member === undefined) return;
    member.linkLost(now.steadyMs);
    // One of the two gave up what nothing needed. (NW21)
    if (cause === 'idle' || !member.reachable) return;
    this.#detector.probe(member, 'its link was lost', now, out);
    if (cause === 'closed') {
      this.#counters.membership_contacts_total++;
      out.contact(member.rumour.address);
    }
  }

  contactFailed(address: Address, cause: ContactFailure, now: Now, out: Outbox): void {
    if (this.#phase !== 'running' || cause !== 'refused') return;
    const member = this.#roster.at(address);
    if (member?.reachable && this.#detector.isGone(member, now)) {
      const why = 'connection refused';
      this.#census.accuse({ member, status: 'suspected', why, certain: false }, now, out);
    }
    this.#spreader.wake(now, out);
  }

  discovered(address: Address, now: Now, out: Outbox): void {
    if (this.#phase !== 'running' || this.#roster.at(address)?.reachable === true) return;
    this.#contacts.once(address, now, out);
  }

  namesake(hello: Hello, now: Now, out: Outbox): void {
    if (this.#phase !== 'running') return;
    if (!this.#own.isLaterThan(hello.address, hello.uptimeMs, now.steadyMs)) return;
    out.announce({ type: 'duplicate-node', address: hello.address });
  }

  /** Any frame came from the peer, or its version advanced here. */
  evidence(peer: PeerId, source: 'direct' | 'version', now: Now): void {
    const member = this.#roster.get(peer);
    if (member !== undefined) this.#detector.heard(member, source, now);
  }

  stalled(forMs: number, now: Now, _out: Outbox): void {
    if (this.#phase !== 'running') return;
    this.#detector.stalled(forMs, now);
    if (forMs < this.#options.heartbeatIntervalMs) return;
    this.#lists.missedSomething();
    if (forMs < this.#options.deadKeptMs) return;
    this.#lists.wasAway(now.steadyMs);
    this.#census.wasAway(now);
    this.#spreader.wasAway(now);
  }

  incarnationSaved(incarnation: number, now: Now, out: Outbox): void {
    const doubter = this.#own.incarnationSaved(incarnation, out);
    if (this.#phase !== 'running') return;
    if (doubter !== null) {
      this.#counters.membership_refutations_total++;
      const member = this.#roster.get(doubter);
      if (member !== undefined) this.#spreader.tell(member, [this.#own.rumour], out);
    }
    this.#tellOfSelf(now, out);
  }

  /** The identity and the incarnation are durable. */
  identityTaken(identity: Identity, incarnation: number, now: Now, out: Outbox): void {
    this.#own.identityTaken(identity, incarnation);
    if (this.#phase === 'running') this.#tellOfSelf(now, out);
  }

  leave(now: Now, out: Outbox): void {
    if (this.#phase !== 'running') return;
    this.#pages.write(now, out);
    this.#own.leave();
    this.#spreader.news(this.#own.rumour, 'plain', now);
    let goodbyes = 0;
    for (const member of this.#roster.seen()) {
      if (!member.reachable || !member.linked || goodbyes >= this.#options.goodbyesMax) continue;
      this.#spreader.tell(member, [this.#own.rumour], out);
      goodbyes++;
    }
    // Those who hear it pass it on; without a link a datagram has to do.
    if (goodbyes === 0) this.#spreader.wake(now, out);
    this.#phase = 'left';
  }

  alivePeers(): readonly PeerId[] {
    return this.#roster.sorted();
  }

  /** Who became alive or suspected, ceased to be, or stands in another zone since this was asked last. */
  takeChanged(): ReadonlySet<PeerId> {
    return this.#roster.takeChanged();
  }

  isReachable(peer: PeerId): boolean {
    const rumour = this.#roster.rumourOf(peer);
    return rumour !== undefined && isReachable(rumour);
  }

  zoneOf(peer: PeerId): string {
    return this.#rumourOf(peer)?.zone ?? '';
  }

  /** Of the buried too, who may have to be told that they are. */
  addressOf(peer: PeerId): Address | null {
    return (this.#rumourOf(peer) ?? this.#graves.get(peer))?.address ?? null;
  }

  statusOf(peer: PeerId): MemberStatus | null {
    return this.#rumourOf(peer)?.status ?? null;
  }

  view(now: Now): readonly MemberView[] {
    const awakeMs = this.#detector.awakeMs(now);
    const views = [ownView(this.#own.rumour, this.#own.startedMs, now)];
    for (const member of this.#roster.all()) {
      views.push(member.view(now, awakeMs, this.#detector.clockAheadMs(member.peer)));
    }
    return views.sort((a, b) => compareText(a.peer, b.peer));
  }

  /** The members' clocks less this peer's own, as of the last step; 0 unless most of at least two agree. */
  get clockOffsetMs(): number {
    return this.#detector.clockOffsetMs(this.#clockAheadMs);
  }

  /** All that is said at present, of this peer first. */
  rumours(): readonly Rumour[] {
    return [this.#own.rumour, ...this.#roster.rumours()];
  }

  counters(): { readonly [name: string]: number } {
    return { ...this.#counters };
  }

  /** What is remembered of members that are gone, for whoever asks whether it has an end. (MB22) */
  get remembered(): { readonly members: number; readonly buried: number; readonly absent: number } {
    return { members: this.#roster.size, buried: this.#graves.size, absent: this.#book.absent };
  }

  /**
   * Once a period: a probe, and what keeps the cluster in one piece at a cost that its size does not change.
   * (MB4, MB17, MB22, MB26, MB30)
   */
  #turn(now: Now, out: Outbox): void {
    this.#turnMs = nextTurn(now, this.#turnPhaseMs, this.#options.heartbeatIntervalMs);
    this.#detector.turn(now, out);
    this.#lookForAbsent(now, out);
    this.#lists.turn(now, out);
    this.#census.patrol(now);
    this.#pages.turn(now, out);
  }

  /** Looks whether somebody is back. A link can outlive a cut, and then dialling would change nothing. (MB17) */
  #lookForAbsent(now: Now, out: Outbox): void {
    const absent = this.#contacts.absentOfTurn();
    if (absent === null) return;
    this.#counters.membership_contacts_total++;
    const member = this.#roster.get(absent.peer);
    if (member?.linked) {
      this.#spreader.tell(member, [member.rumour], out);
      this.#lists.ask(member, now, out);
    } else {
      out.contact(absent.address);
    }
  }

  #rumourOf(peer: PeerId): Rumour | undefined {
    return peer === this.#own.peer ? this.#own.rumour : this.#roster.rumourOf(peer);
  }

  /** Whoever says that somebody lives of whom this peer knows worse is told, and asked again soon. (MB31) */
  #hearAll(claims: readonly Rumour[], from: PeerId, whole: boolean, now: Now, out: Outbox): void {
    let news = 0;
    const refused: Rumour[] = [];
    for (const claim of claims) {
      const reception = this.#hear(claim, from, whole, now, out);
      if (reception === 'new') news++;
      if (reception !== 'refused') continue;
      const known = this.#roster.rumourOf(claim.peer) ?? this.#graves.get(claim.peer);
      if (known !== undefined) refused.push(known);
    }
    this.#lists.learnt(from, news, refused.length);
    if (refused.length > 0) out.send(from, { type: 'PEER_LIST', whole: false, rumours: refused }, 'stream');
  }

  #hear(claim: Rumour, from: PeerId, whole: boolean, now: Now, out: Outbox): Reception {
    if (claim.peer !== this.#own.peer) return this.#census.hear(claim, from, whole, now, out);
    this.#hearOfSelf(claim, from, now, out);
    return 'known';
  }

  #hearOfSelf(claim: Rumour, from: PeerId, now: Now, out: Outbox): void {
    const hearsay = this.#own.heard(claim, from, out);
    if (hearsay === 'agreed') return;
    if (claim.status === 'alive' && !sameAddress(claim.address, this.#own.address))
      this.#contacts.once(claim.address, now, out);
    const member = this.#roster.get(from);
    if (hearsay === 'outdated' && member !== undefined) this.#spreader.tell(member, [this.#own.rumour], out);
    if (claim.status !== 'alive' && hearsay === 'refuting') this.#detector.doubted();
  }

  #tellOfSelf(now: Now, out: Outbox): void {
    this.#spreader.news(this.#own.rumour, 'refutation', now);
    this.#spreader.wake(now, out);
  }

  #answer(from: PeerId, nonce: number, channel: Channel, now: Now, out: Outbox): void {
    const member = this.#census.speaker(from, now);
    if (member === undefined) {
      this.#counters.membership_unknown_senders_total++;
      return;
    }
    const rumours = this.#spreader.riders(member);
    out.send(from, { type: 'PONG', nonce, wallMs: now.wallMs, rumours }, channel);
  }

  /** Tells it all, and asks back whoever was not counted on: each side knows of members the other may lack. */
  #askedForAll(from: PeerId, self: Rumour, now: Now, out: Outbox): void {
    const known = this.isReachable(from);
    if (self.peer === from) this.#hear(self, from, false, now, out);
    const member = this.#census.speaker(from, now);
    if (member === undefined) return;
    this.#lists.tell(from, out);
    if (!known) this.#lists.askBack(member, now, out);
  }
}
