// Membership: who is in the cluster, where, and alive. SWIM (Das 2002) with incarnations and refutation, made
// patient by Lifeguard (Dadgar 2017). SPEC rules MB1-MB27.
//
// Who is told what is `spreader.ts`, who is doubted `detector.ts`, what this peer says of itself `own.ts`, whom
// it dials `contacts.ts`, what is said of the members and how that changes `census.ts`. Here come the inputs.

import { unreachable } from '../../kit/assert.ts';
import { compareText } from '../../kit/order.ts';
import type { Random } from '../../kit/random.ts';
import { type Address, sameAddress } from '../../model/address.ts';
import type { Identity, PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { MemberStatus, Rumour } from '../../model/member.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { MemberView } from '../../model/view.ts';
import type { Hello, MembershipMessage } from '../../wire/messages.ts';
import type { Channel, ContactFailure, LinkLoss, Outbox } from '../outbox.ts';
import { Census } from './census.ts';
import { Contacts } from './contacts.ts';
import { zeroCounters } from './counters.ts';
import { Detector } from './detector.ts';
import { type Member, ownView } from './member.ts';
import type { MembershipOptions } from './options.ts';
import { Own } from './own.ts';
import { nextTurn } from './ring.ts';
import { Roster } from './roster.ts';
import { Spreader } from './spreader.ts';

export class Membership {
  readonly #options: MembershipOptions;
  readonly #random: Random;
  readonly #own: Own;
  readonly #roster = new Roster();
  readonly #spreader: Spreader;
  readonly #detector: Detector;
  readonly #contacts: Contacts;
  readonly #census: Census;
  readonly #counters = zeroCounters();

  #phase: 'starting' | 'running' | 'left' = 'starting';
  /** Where in each period of the time of day its turn is. */
  readonly #turnPhaseMs: number;
  #turnMs = NEVER;
  /** When a whole list came in or was asked for last. */
  #wholeMs = Number.NEGATIVE_INFINITY;
  /** Own time of day less own steady time, as of the last step. */
  #clockAheadMs: number;

  constructor(self: Rumour, seeds: readonly Address[], options: MembershipOptions, random: Random, now: Now) {
    this.#options = options;
    this.#random = random;
    this.#own = new Own(self, now.steadyMs);
    this.#spreader = new Spreader(this.#own, this.#roster, options, random);
    this.#detector = new Detector(self.peer, this.#roster, this.#spreader, options, this.#counters, random);
    this.#contacts = new Contacts(self.address, seeds, options, this.#roster, random);
    this.#census = new Census(self.peer, options, {
      roster: this.#roster,
      spreader: this.#spreader,
      detector: this.#detector,
      contacts: this.#contacts,
      counters: this.#counters,
    });
    this.#turnPhaseMs = options.heartbeatIntervalMs * random.between(0.1, 0.9);
    this.#clockAheadMs = now.wallMs - now.steadyMs;
  }

  get wakeAt(): number {
    if (this.#phase !== 'running') return NEVER;
    return Math.min(this.#turnMs, this.#spreader.wakeAt, this.#detector.wakeAt, this.#contacts.wakeAt);
  }

  start(now: Now, out: Outbox): void {
    this.#phase = 'running';
    this.#turnMs = nextTurn(now, this.#turnPhaseMs, this.#options.heartbeatIntervalMs);
    this.#spreader.news(this.#own.rumour, now);
    this.#contacts.begin(now, out);
  }

  wake(now: Now, out: Outbox): void {
    if (this.#phase !== 'running') return;
    this.#clockAheadMs = now.wallMs - now.steadyMs;
    if (now.steadyMs >= this.#turnMs) this.#turn(now, out);
    for (const { member, status, why } of this.#detector.wake(now, out)) {
      this.#census.accuse(member, status, why, now, out);
    }
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
        if (message.whole) this.#wholeMs = now.steadyMs;
        this.#hearAll(message.rumours, from, now, out);
        break;
      case 'PING':
        this.#hearAll(message.rumours, from, now, out);
        this.#answer(from, message.nonce, channel, now, out);
        break;
      case 'PONG':
        this.#hearAll(message.rumours, from, now, out);
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
    const { peer, identity, incarnation, address, apiPort } = hello;
    const before = this.#roster.get(peer);
    const known = before?.reachable === true;
    const taken = known && !sameAddress(before.rumour.address, address) ? before.rumour : null;
    this.#hear({ peer, identity, incarnation, address, apiPort, status: 'alive' }, peer, now, out);
    const member = this.#roster.get(peer);
    if (member === undefined) return;

    member.linked = true;
    member.probed(true);
    this.#detector.heard(member, 'direct', now);
    // Whoever has the id at the other address may live, and only the newcomer can find out. (MB21)
    if (taken !== null) this.#spreader.tell(member, [taken], out);
    // It cannot refute what it does not know. (MB23)
    if (member.status !== 'alive' || !sameAddress(member.rumour.address, address)) {
      this.#spreader.tell(member, [member.rumour], out);
    }
    // Among members who know of each other, links come and go without a whole list each time.
    if (!known || now.steadyMs - this.#wholeMs >= this.#options.syncEveryMs) this.#askAll(member, now, out);
    this.#spreader.wake(now, out);
  }

  /** A lost link is a hint, verified at once. (MB16) */
  linkDown(peer: PeerId, cause: LinkLoss, now: Now, out: Outbox): void {
    const member = this.#roster.get(peer);
    if (this.#phase !== 'running' || member === undefined) return;
    member.linked = false;
    member.linkLostMs = now.steadyMs;
    if (!member.reachable) return;
    this.#detector.probe(member, 'its link was lost', now, out);
    if (cause === 'closed') {
      this.#counters.membership_contacts_total++;
      out.contact(member.rumour.address);
    }
  }

  contactFailed(address: Address, cause: ContactFailure, now: Now, out: Outbox): void {
    const member = this.#roster.at(address);
    if (this.#phase !== 'running' || member === undefined || cause !== 'refused') return;
    if (member.reachable && this.#detector.isGone(member, now)) {
      this.#census.accuse(member, 'suspected', 'connection refused', now, out);
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
    if (this.#phase === 'running') this.#detector.stalled(forMs, now);
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
    this.#own.leave();
    this.#spreader.news(this.#own.rumour, now);
    let goodbyes = 0;
    for (const member of this.#roster.reachable) {
      if (!member.linked || goodbyes >= this.#options.goodbyesMax) continue;
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

  addressOf(peer: PeerId): Address | null {
    if (peer === this.#own.peer) return this.#own.address;
    return this.#roster.get(peer)?.rumour.address ?? null;
  }

  statusOf(peer: PeerId): MemberStatus | null {
    if (peer === this.#own.peer) return this.#own.rumour.status;
    return this.#roster.get(peer)?.status ?? null;
  }

  view(now: Now): readonly MemberView[] {
    const awakeMs = this.#detector.awakeMs(now);
    const views = [ownView(this.#own.rumour, this.#own.startedMs, now)];
    for (const member of this.#roster.all()) views.push(member.view(now, awakeMs));
    return views.sort((a, b) => compareText(a.peer, b.peer));
  }

  /** The members' clocks less this peer's own, as of the last step; 0 unless most of at least two agree. */
  get clockOffsetMs(): number {
    return this.#detector.clockOffsetMs(this.#clockAheadMs);
  }

  /** All that is said at present, of this peer first. */
  rumours(): readonly Rumour[] {
    const rumours = [this.#own.rumour];
    for (const member of this.#roster.all()) rumours.push(member.rumour);
    return rumours;
  }

  counters(): { readonly [name: string]: number } {
    return { ...this.#counters };
  }

  /**
   * Once a period: a probe, and what keeps the cluster in one piece at a cost that its size does not change.
   * (MB4, MB17, MB22, MB26)
   */
  #turn(now: Now, out: Outbox): void {
    const { heartbeatIntervalMs, syncEveryMs } = this.#options;
    const { reachable, dead } = this.#roster;
    this.#turnMs = nextTurn(now, this.#turnPhaseMs, heartbeatIntervalMs);
    this.#detector.turn(now, out);
    if (dead.length > 0 && this.#random.chance(1 / (reachable.length + 1))) {
      this.#seek(this.#random.pick(dead), now, out);
    }
    const everyMs = Math.max(syncEveryMs, reachable.length * heartbeatIntervalMs);
    if (reachable.length > 0 && now.steadyMs - this.#wholeMs >= everyMs) {
      this.#askAll(this.#random.pick(reachable), now, out);
    }
    this.#census.patrol(now);
  }

  /** Looks whether a dead member is back. A link can outlive a cut, and then dialling would change nothing. */
  #seek(member: Member, now: Now, out: Outbox): void {
    this.#counters.membership_contacts_total++;
    if (member.linked) {
      this.#spreader.tell(member, [member.rumour], out);
      this.#askAll(member, now, out);
    } else {
      out.contact(member.rumour.address);
    }
  }

  #hearAll(claims: readonly Rumour[], from: PeerId, now: Now, out: Outbox): void {
    for (const claim of claims) this.#hear(claim, from, now, out);
  }

  #hear(claim: Rumour, from: PeerId, now: Now, out: Outbox): void {
    if (claim.peer === this.#own.peer) {
      this.#hearOfSelf(claim, from, now, out);
      return;
    }
    this.#census.hear(claim, from, now, out);
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
    this.#spreader.news(this.#own.rumour, now);
    this.#spreader.wake(now, out);
  }

  #answer(from: PeerId, nonce: number, channel: Channel, now: Now, out: Outbox): void {
    const member = this.#roster.get(from);
    if (member === undefined) {
      this.#counters.membership_unknown_senders_total++;
      return;
    }
    const rumours = this.#spreader.riders(member);
    out.send(from, { type: 'PONG', nonce, wallMs: now.wallMs, rumours }, channel);
  }

  /** Tells it all, and asks back whoever was not counted on: each side knows of members the other may lack. */
  #askedForAll(from: PeerId, self: Rumour, now: Now, out: Outbox): void {
    const known = this.#roster.get(from)?.reachable === true;
    if (self.peer === from) this.#hear(self, from, now, out);
    const member = this.#roster.get(from);
    if (member === undefined) return;
    this.#tellAll(from, out);
    // Two that believe each other dead would go on asking back until one of them has refuted.
    const askedLately = now.steadyMs - member.askedMs < this.#options.spreadEveryMs;
    if (!known && !askedLately) this.#askAll(member, now, out);
  }

  #askAll(member: Member, now: Now, out: Outbox): void {
    this.#wholeMs = now.steadyMs;
    member.askedMs = now.steadyMs;
    out.send(member.peer, { type: 'JOIN_REQUEST', self: this.#own.rumour }, 'stream');
  }

  #tellAll(to: PeerId, out: Outbox): void {
    let rumours = [this.#own.rumour];
    for (const member of this.#roster.all()) {
      if (!member.reachable && !member.witnessed) continue;
      if (rumours.length === LIMITS.rumoursPerFrame) {
        out.send(to, { type: 'PEER_LIST', whole: true, rumours }, 'stream');
        rumours = [];
      }
      rumours.push(member.rumour);
    }
    out.send(to, { type: 'PEER_LIST', whole: true, rumours }, 'stream');
  }
}
