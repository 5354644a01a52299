// A peer: the protocols wired together. Start reading here. Inputs go in at `handle`, requests are left in the
// host's outbox, and what one protocol's fact means to the others stands in `#react`, the one place that
// couples them. SPEC rules PR1-PR14.
//
//              hard state durable                leave
//   starting ─────────────────────▶ running ──────────────▶ left
//                                    │   ▲
//            somebody holds a stream │   │ the new identity
//            of mine I did not write ▼   │ is durable
//                                  renaming
//
// The surprise: a peer can have to change its identity while it runs. It goes on answering others meanwhile;
// only its own readings wait.

import { assert, unreachable } from '../kit/assert.ts';
import type { Random } from '../kit/random.ts';
import type { Address } from '../model/address.ts';
import type { Batch, HardState, Recovered } from '../model/durable.ts';
import type { Fact } from '../model/fact.ts';
import { type Identity, type PeerId, sameIdentity } from '../model/ids.ts';
import { Names } from '../model/names.ts';
import { NEVER, type Now } from '../model/time.ts';
import type { TopologyView } from '../model/view.ts';
import { Membership } from '../protocol/membership/machine.ts';
import type { OutboxBatch } from '../protocol/ordering/port.ts';
import type { Channel } from '../protocol/outbox.ts';
import { Relay } from '../protocol/relay/machine.ts';
import { Replication } from '../protocol/replication/machine.ts';
import { isMembershipMessage, type Message } from '../wire/messages.ts';
import { isOrderingMessage } from '../wire/ordering-messages.ts';
import { isRelayMessage } from '../wire/relay-messages.ts';
import type { History } from './history.ts';
import { Neighbourhood } from './neighbourhood.ts';
import type { PeerOptions } from './options.ts';
import { bringTo, isOrderInput } from './order-input.ts';
import { OwnClock } from './own-clock.ts';
import type { Input, PeerOutbox } from './port.ts';
import { historyOf, recover } from './recovery.ts';
import { Renaming } from './renaming.ts';
import { SnapshotSchedule } from './snapshot-schedule.ts';
import { StepOutbox } from './step-outbox.ts';
import { type Submit, Writer } from './writer.ts';

type Phase = { readonly name: 'starting' | 'running' | 'left' } | Renaming;

export class Peer {
  readonly membership: Membership;
  readonly replication: Replication;
  /** Passes messages on to who wants them. */
  readonly relay: Relay;
  /** Null: this peer keeps the state plane alone. */
  readonly history: History | null;
  readonly #options: PeerOptions;
  readonly #random: Random;
  readonly #writer: Writer;
  readonly #clock: OwnClock;
  readonly #snapshots: SnapshotSchedule;

  #phase: Phase = { name: 'starting' };
  #identity: Identity;
  /** Never told to anybody before it is durable; never goes back. */
  #incarnation: number;
  /** The highest `n` of `#identity` found on the disk at start: what lies above was written in this life. */
  #recoveredN: number;

  readonly #neighbourhood: Neighbourhood;

  readonly #out = new StepOutbox();

  /** `names`: of several peers in one process, who may share them. */
  constructor(
    options: PeerOptions,
    recovered: Recovered,
    random: Random,
    now: Now,
    names: Names = new Names(),
  ) {
    const { peer, address, apiPort, zone, seeds } = options;
    const { identity, incarnation } = recovered.hardState;
    this.#options = options;
    this.#random = random;
    this.#identity = identity;
    this.#incarnation = incarnation + 1;
    this.#clock = new OwnClock(options.maxClockSkewMs);
    this.#snapshots = new SnapshotSchedule(
      options.snapshotIntervalMs,
      options.snapshotAfterRecords,
      now.steadyMs,
    );
    this.#writer = new Writer({
      self: peer,
      identity,
      maxClockSkewMs: options.maxClockSkewMs,
      forgottenTsMs: (sensor) => this.replication.forgottenTsMs(sensor),
      shownTsMs: (sensor) => this.replication.latestOf(sensor)?.record.lwwTsMs ?? 0,
      announce: (fact) => this.#out.announce(fact),
    });
    this.membership = new Membership(
      { peer, identity, incarnation: this.#incarnation, status: 'alive', address, apiPort, zone },
      seeds,
      options.membership,
      random.fork(),
      now,
      recovered.addresses,
      names,
    );
    this.replication = new Replication(
      { origin: peer, identity },
      options.replication,
      random.fork(),
      now,
      names,
    );
    this.replication.standsIn(zone);
    this.relay = new Relay({ identity, incarnation: this.#incarnation });
    this.history = historyOf(options, recovered, random, now);
    this.#neighbourhood = new Neighbourhood(
      { self: peer, policy: options.topology, names },
      this.membership,
      this.replication,
      this.relay,
      this.history,
    );
    recover(recovered, { origin: peer, identity }, this.replication, this.#writer, now);
    this.#snapshots.changed(recovered.batches.length);
    this.#recoveredN = this.#writer.lastN;
  }

  get identity(): Identity {
    return this.#identity;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  /** Own changes given a number so far, durable or not. */
  get lastN(): number {
    return this.#writer.lastN;
  }

  get wakeAt(): number {
    if (this.#phase.name === 'starting' || this.#phase.name === 'left') return NEVER;
    const history = this.history?.wakeAt ?? NEVER;
    const protocols = Math.min(this.membership.wakeAt, this.replication.wakeAt, this.relay.wakeAt, history);
    return Math.min(protocols, this.#snapshotDueAt());
  }

  addressOf(peer: PeerId): Address | null {
    return this.membership.addressOf(peer);
  }

  isLinked(peer: PeerId): boolean {
    return this.#neighbourhood.linked.has(peer);
  }

  /** What was answered to a submit with this `Idempotency-Key`. */
  answered(key: string): { readonly firstN: number; readonly answer: string } | null {
    return this.#writer.answered(key);
  }

  topology(wallMs: number): readonly TopologyView[] {
    return this.#neighbourhood.topology(wallMs);
  }

  /**
   * Asks for the raised incarnation to be made durable: if others heard of it first, a crash could forget what
   * they believe. Until the answer only submits and the disk's answers may come in; the host opens its network
   * after it.
   */
  start(host: PeerOutbox): void {
    host.saveHardState({ identity: this.#identity, incarnation: this.#incarnation });
  }

  /** The only way in. */
  handle(input: Input, now: Now, host: PeerOutbox): void {
    const { facts } = this.#out;
    this.#out.begin(host);
    this.#step(input, now, host);
    this.#neighbourhood.follow(now, this.#out);
    for (let at = 0; at < facts.length; at++) {
      const fact = facts[at] as Fact;
      host.announce(fact);
      this.#react(fact, now, host);
      this.#neighbourhood.follow(now, this.#out);
    }
    this.#out.end();
  }

  #step(input: Input, now: Now, host: PeerOutbox): void {
    if (isOrderInput(input)) {
      if (this.history !== null && this.#phase.name !== 'starting')
        bringTo(this.history, input, now, this.#out);
      return;
    }
    switch (input.type) {
      case 'wake':
        this.#wake(now, host);
        return;
      case 'received':
        this.#receive(input.from, input.message, input.channel, now);
        return;
      case 'link-up':
        this.#neighbourhood.linkUp(input.hello, now, this.#out);
        return;
      case 'link-down':
        this.#neighbourhood.linkDown(input.peer, input.cause, now, this.#out);
        return;
      case 'link-busy':
        this.replication.linkBusy(input.peer, input.busy);
        this.relay.linkBusy(input.peer, input.busy, now, this.#out);
        return;
      case 'contact-failed':
        this.membership.contactFailed(input.address, input.cause, now, this.#out);
        return;
      case 'namesake':
        this.membership.namesake(input.hello, now, this.#out);
        return;
      case 'discovered':
        this.membership.discovered(input.address, now, this.#out);
        return;
      case 'pass-on':
        this.relay.pass(input.messages, now, this.#out);
        return;
      case 'interest':
        this.relay.want(input.filters, this.membership.alivePeers(), now, this.#out);
        return;
      case 'submit':
      case 'forget':
        this.#submit(input, now, host);
        return;
      case 'appended':
        this.#appended(input.batch, input.stored, now, host);
        return;
      case 'hard-state-saved':
        this.#hardStateSaved(input.state, now, host);
        return;
      case 'snapshot-saved':
        this.#snapshots.saved();
        return;
      case 'stalled':
        this.membership.stalled(input.forMs, now, this.#out);
        this.history?.stalled(input.forMs, now, this.#out);
        return;
      case 'joined':
        assert(this.#phase.name === 'starting', 'who begins joined has not begun');
        this.#neighbourhood.joined(input.members, input.linked, now, this.#out);
        return;
      case 'leave':
        // What others wrote is in snapshots alone, and the next start may be a lonely one. (PR10)
        if (this.#snapshotPossible() && this.#snapshots.anyChange) this.#takeSnapshot(now, host);
        this.#phase = { name: 'left' };
        this.membership.leave(now, this.#out);
        return;
      default:
        unreachable(input);
    }
  }

  /** What happened in one protocol and matters to another. */
  #react(fact: Fact, now: Now, host: PeerOutbox): void {
    switch (fact.type) {
      case 'registers-changed':
        this.#snapshots.changed(fact.records.length);
        // Only the origin itself writes its stream, so a stream that moved on is a sign of life.
        if (fact.origin !== this.#options.peer) this.membership.evidence(fact.origin, 'version', now);
        return;
      case 'incarnation-raised':
        this.#incarnation = fact.incarnation;
        host.saveHardState({ identity: this.#identity, incarnation: fact.incarnation });
        return;
      case 'addresses-known':
        host.saveAddresses(fact.addresses);
        return;
      case 'foreign-identity':
      case 'namesake-in-group':
        this.#rename(fact.identity, now, host);
        return;
      default:
        return;
    }
  }

  #wake(now: Now, host: PeerOutbox): void {
    if (this.#phase.name === 'starting' || this.#phase.name === 'left') return;
    this.membership.wake(now, this.#out);
    this.replication.wake(now, this.#out);
    this.relay.wake(now, this.#out);
    if (this.history !== null && now.steadyMs >= this.history.wakeAt) this.history.wake(now, this.#out);
    this.#clock.follow(this.membership.clockOffsetMs, (fact) => this.#out.announce(fact));
    if (now.steadyMs >= this.#snapshotDueAt()) this.#takeSnapshot(now, host);
  }

  #receive(from: PeerId, message: Message, channel: Channel, now: Now): void {
    if (this.#phase.name === 'starting' || this.#phase.name === 'left') return;
    this.membership.evidence(from, 'direct', now);
    if (isMembershipMessage(message)) this.membership.receive(from, message, channel, now, this.#out);
    else if (isOrderingMessage(message)) this.history?.receive(from, message, now, this.#out);
    else if (isRelayMessage(message)) this.relay.receive(from, message, now, this.#out);
    else if (message.type === 'ERROR') {
      const { code, reason } = message;
      this.#out.announce({ type: 'message-refused', peer: from, code, reason });
    } else this.replication.receive(from, message, now, this.#out);
  }

  #submit(submit: Submit, now: Now, host: PeerOutbox): void {
    if (this.#phase.name === 'left') this.#writer.refuse(submit.ticket, 'this node is stopping', true);
    else this.#writer.submit(submit, this.#clock.ingestTsMs(now), now, host);
  }

  /** Only once the disk has answered may anybody see these records, this peer's own view included. (PR1) */
  #appended(batch: Batch, inOutbox: OutboxBatch | undefined, now: Now, host: PeerOutbox): void {
    const stored = this.#writer.appended(batch, now, host);
    if (stored !== null) {
      this.replication.ownChanges(batch.records, now, this.#out);
      this.#writer.tell(stored);
    }
    // What was at the disk when another name was taken the order gets by the former one. (PR16)
    const isOrdered = stored !== null || (this.#phase.name === 'renaming' && !this.#phase.reused);
    if (isOrdered && inOutbox !== undefined) this.history?.stored(inOutbox, now, this.#out);
    this.#goOnRenamed(now, host);
  }

  /** Somebody holds a stream of this peer's id that this peer did not write. (PR8) */
  #rename(foreign: Identity, now: Now, host: PeerOutbox): void {
    if (this.#phase.name !== 'running') return;
    const was = this.#identity;
    const renaming = Renaming.from(was, foreign, this.#recoveredN, () => this.#random.hex16());
    if (renaming === null) return;
    const { identity, why, reused, orderedUpto } = renaming;
    // At once: until the new name is durable, others may still ask for its vote. (PR17)
    if (reused) this.history?.doubted(now, this.#out);
    this.#writer.hold(!reused);
    this.#writer.rewrite(this.replication.ownLatest(), orderedUpto);
    this.#phase = renaming;
    this.#identity = identity;
    this.#incarnation++;
    this.#out.announce({ type: 'identity-taken', identity: this.#identity, was, why });
    host.saveHardState({ identity: this.#identity, incarnation: this.#incarnation });
  }

  #hardStateSaved(state: HardState, now: Now, host: PeerOutbox): void {
    // An answer to an earlier request says nothing about the one that is waited for.
    if (!sameIdentity(state.identity, this.#identity) || state.incarnation !== this.#incarnation) return;

    switch (this.#phase.name) {
      case 'running':
        this.membership.incarnationSaved(state.incarnation, now, this.#out);
        return;
      case 'starting':
        this.#phase = { name: 'running' };
        this.membership.start(now, this.#out);
        this.replication.start(now, this.#out);
        this.history?.start(now, this.#out);
        this.#writer.release(this.#identity, this.#clock.ingestTsMs(now), now, host);
        return;
      case 'renaming':
        this.#phase.isSaved = true;
        this.#goOnRenamed(now, host);
        return;
      case 'left':
        return;
    }
  }

  /** Under the new identity, once it is durable and the order knows all that was written under the former one. */
  #goOnRenamed(now: Now, host: PeerOutbox): void {
    if (this.#phase.name !== 'renaming' || !this.#phase.mayEnd(this.#writer.isAppending)) return;
    const { keepUpto, orderedUpto } = this.#phase;
    const own = { origin: this.#options.peer, identity: this.#identity };
    this.replication.identityTaken(own, keepUpto, now, this.#out);
    this.membership.identityTaken(this.#identity, this.#incarnation, now, this.#out);
    this.history?.identityTaken(this.#identity, now, this.#out, orderedUpto);
    this.#phase = { name: 'running' };
    this.#recoveredN = 0;
    this.#writer.release(this.#identity, this.#clock.ingestTsMs(now), now, host);
    // The next snapshot ends what the outbox holds under the former name.
    this.#snapshots.hurry();
  }

  #snapshotDueAt(): number {
    return this.#snapshotPossible() ? this.#snapshots.dueAt : NEVER;
  }

  /** Records that wait to be written again are in no stream yet, so a snapshot would end them. */
  #snapshotPossible(): boolean {
    return this.#phase.name === 'running' && !this.#writer.rewriting;
  }

  #takeSnapshot(now: Now, host: PeerOutbox): void {
    this.#snapshots.begin(now.steadyMs);
    host.saveSnapshot({
      identity: this.#identity,
      ownN: this.replication.upto({ origin: this.#options.peer, identity: this.#identity }),
      streams: this.replication.snapshotStreams(),
      receipts: this.#writer.receipts(),
    });
  }
}
