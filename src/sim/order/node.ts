// One simulated machine of the order: a disk, a clock, links and a process that comes and goes. It is the host of
// that process: it brings inputs and carries requests out.
// SPEC rules SM40, SM42.

import type { Address } from '../../model/address.ts';
import type { Ballot } from '../../model/ballot.ts';
import type { Base } from '../../model/entry.ts';
import type { GroupId } from '../../model/group-view.ts';
import { type Identity, type PeerId, sameIdentity } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';
import type { History } from '../../peer/history.ts';
import type { HistoryCommand } from '../../peer/history-commands.ts';
import type { DiskState } from '../../peer/history-options.ts';
import type { OrderingOutbox, OutboxBatch } from '../../protocol/ordering/port.ts';
import type { LinkLoss } from '../../protocol/outbox.ts';
import type { OrderingMessage } from '../../wire/ordering-messages.ts';
import { MachineClock } from '../clock.ts';
import type { Timeline } from '../timeline.ts';
import { Alarm } from './alarm.ts';
import { AskedLog, baseOf } from './asked-log.ts';
import type { DiskFound, SimulatedDisk } from './disk-port.ts';
import type { EntryLog } from './entry-log.ts';
import { HostOutbox } from './host-outbox.ts';
import type { OrderImage, OrderWrite } from './image.ts';
import type { Station } from './link-pair.ts';
import type { Links } from './links.ts';
import { Producer, type ProducerHost } from './producer.ts';
import type { OrderPlace, OrderWatcher } from './watcher.ts';

/** Frames a paused process finds when it goes on; what comes above is dropped. */
const INBOX_MAX = 4_096;
/** Whoever is not heard for so long is absent in the eyes of the state plane. */
const ABSENT_AFTER_MS = 1_500;

export interface OrderNodeWorld {
  readonly timeline: Timeline;
  readonly links: Links;
  readonly watcher: OrderWatcher;
  node(index: number): OrderNode;
  indexOf(peer: PeerId): number | undefined;
  problem(checker: string, at: OrderPlace | null, what: string): void;
  crash(node: OrderNode, powered: boolean): void;
  carry(from: OrderNode, to: number, message: OrderingMessage): void;
}

export type Step = (machine: History, now: Now, out: OrderingOutbox) => void;

interface Run {
  readonly machine: History;
  readonly out: HostOutbox;
  readonly alarm: Alarm;
}

export class OrderNode implements Station, OrderPlace, ProducerHost {
  readonly index: number;
  readonly peer: PeerId;
  readonly clock = new MachineClock();
  readonly disk: SimulatedDisk;
  /** Members that were removed, or said goodbye for good, stay away. */
  hasLeft = false;
  /** An operator wanted it out of the group: it may be a member or not. */
  isUnwanted = false;
  readonly #world: OrderNodeWorld;
  readonly #producer: Producer;
  #run: Run | null = null;
  #life = 0;
  #powered = true;
  readonly #asked = new AskedLog();
  #leads: Ballot | null = null;
  #commitIndex = 0;
  /** Whose log the process had when it was last looked at. */
  #groupSeen: GroupId | null = null;
  #pausedSinceMs: number | null = null;
  #inbox: Step[] = [];
  #tickets = 0;
  #requests = 0;
  /** Who is there in the eyes of this machine's state plane. */
  readonly #present = new Set<PeerId>();

  constructor(index: number, peer: PeerId, identity: Identity, disk: SimulatedDisk, world: OrderNodeWorld) {
    this.index = index;
    this.peer = peer;
    this.disk = disk;
    this.#world = world;
    this.#producer = new Producer(identity, this);
  }

  get identity(): Identity {
    return this.#producer.identity;
  }

  /** Whether its disk is that of the member, not a later one, and whole: it may vote. */
  isStill(identity: Identity): boolean {
    const { identity: mine, rot, state } = this.image;
    const isWhole = rot === null && state?.damaged !== true && !this.disk.isDoubtful;
    return mine !== null && sameIdentity(mine, identity) && isWhole;
  }

  get life(): number {
    return this.#life;
  }

  get up(): boolean {
    return this.#run !== null;
  }

  get paused(): boolean {
    return this.#pausedSinceMs !== null;
  }

  get powered(): boolean {
    return this.#powered;
  }

  get image(): OrderImage {
    return this.disk.image;
  }

  get asked(): EntryLog {
    return this.#asked.log;
  }

  get base(): Base | null {
    return this.#asked.base ?? (this.#run === null ? baseOf(this.image) : null);
  }

  get group(): GroupId | null {
    return this.#asked.group;
  }

  /** As the machine has it at this very moment, also within a step. */
  get leads(): Ballot | null {
    return this.#run?.machine.leads ?? null;
  }

  get commitIndex(): number {
    return this.#run?.machine.commitIndex ?? this.#commitIndex;
  }

  /** The n of the last own record that was given a number in this life. */
  get lastN(): number {
    return this.#producer.lastN;
  }

  /** How often the disk was asked to keep something. */
  get requests(): number {
    return this.#requests;
  }

  now(): Now {
    return this.clock.read(this.#world.timeline.nowMs);
  }

  start(identity: Identity, found: DiskFound, make: () => History): void {
    const { timeline, watcher, links } = this.#world;
    const life = ++this.#life;
    this.#powered = true;
    this.#producer.start(identity, found.lastN);
    this.clock.restartSteady(timeline.nowMs);
    this.#asked.start(this.image);
    this.#leads = null;
    this.#commitIndex = 0;
    this.#groupSeen = null;
    this.#present.clear();
    const machine = this.#guard(make);
    if (machine === null) return;
    const run: Run = {
      machine,
      out: new HostOutbox(this, this.#life, this.#world),
      alarm: new Alarm(timeline, this.clock, () => {
        if (this.#life === life) this.#ring();
      }),
    };
    this.#run = run;
    watcher.started(this, found.log);
    this.#step((machine, now, out) => machine.start(now, out));
    if (this.disk.isFull) this.diskIs('full');
    links.started(this);
  }

  stop(powered: boolean): void {
    if (this.#run === null) return;
    this.#run = null;
    this.#powered = powered;
    this.#pausedSinceMs = null;
    this.#inbox = [];
    this.disk.crash(powered);
    this.#world.links.stopped(this);
    this.#world.watcher.stopped(this);
  }

  pause(): void {
    if (this.#run) this.#pausedSinceMs ??= this.#world.timeline.nowMs;
  }

  resume(): void {
    if (this.#pausedSinceMs === null) return;
    const forMs = this.#world.timeline.nowMs - this.#pausedSinceMs;
    this.#pausedSinceMs = null;
    const inbox = this.#inbox;
    this.#inbox = [];
    this.#step((machine, now, out) => machine.stalled(forMs, now, out));
    for (const step of inbox) this.#step(step);
    this.#ring();
  }

  /** After so many more requests the process dies, in the middle of a step. */
  dieAfter(requests: number, died: () => void): void {
    this.#run?.out.dieAfter(requests, died);
  }

  /** It lives on after all. */
  spare(): void {
    this.#run?.out.dieAfter(Number.POSITIVE_INFINITY, () => {});
  }

  /** What its disk says of itself. */
  diskIs(state: DiskState): void {
    this.deliver((machine, now, out) => machine.disk(state, now, out));
  }

  /** While it does not run: what its log held from somewhere on is not what was written. */
  rot(unit: number): void {
    this.#world.watcher.rotting(this);
    this.disk.rot(unit);
  }

  /** While it runs, its host finds that its identity is another's, and has taken this one, durably. */
  takeIdentity(identity: Identity): void {
    this.#producer.takeIdentity(identity);
  }

  /** Records of this machine's producer, a batch that is `stored` once the disk has answered. */
  submit(records: number): boolean {
    return this.#run !== null && !this.paused && this.#producer.submit(records);
  }

  inThisLife<T>(act: (answer: T) => void): (answer: T) => void {
    const life = this.#life;
    return (answer) => {
      if (this.#life === life && this.#run !== null) act(answer);
    };
  }

  stored(batch: OutboxBatch): void {
    this.deliver((machine, now, out) => machine.stored(batch, now, out));
  }

  identityTaken(identity: Identity): void {
    this.deliver((machine, now, out) => machine.identityTaken(identity, now, out));
  }

  command(command: HistoryCommand): void {
    if (this.#run === null || this.paused) return;
    const ticket = ++this.#tickets;
    this.deliver((machine, now, out) => machine.command(ticket, command, now, out));
  }

  /** A reader wants to know up to where it must read. */
  read(): void {
    if (this.#run === null || this.paused) return;
    const ticket = ++this.#tickets;
    this.#world.watcher.reads(this, ticket);
    this.deliver((machine, now, out) => machine.readIndex(ticket, now, out));
  }

  linkUp(to: Station): void {
    const { peer, identity } = this.#world.node(to.index);
    const member = { peer, identity, address: addressOf(peer) };
    this.deliver((machine, now, out) => machine.linkUp(member, now, out));
    this.#present.add(peer);
    this.#tellPresent();
  }

  linkDown(to: Station, cause: LinkLoss): void {
    const { peer } = this.#world.node(to.index);
    this.deliver((machine, now, out) => machine.linkDown(peer, cause, now, out));
    const life = this.#life;
    this.#world.timeline.after(ABSENT_AFTER_MS, () => {
      if (this.#life !== life || this.#world.links.isLinked(this.index, to.index)) return;
      this.#present.delete(peer);
      this.#tellPresent();
    });
  }

  receive(from: Station, message: OrderingMessage): void {
    const { peer } = this.#world.node(from.index);
    this.deliver((machine, now, out) => machine.receive(peer, message, now, out));
  }

  #tellPresent(): void {
    const present = [...this.#present];
    this.deliver((machine, now, out) => machine.present(present, now, out));
  }

  deliver(step: Step): void {
    if (this.#run === null) return;
    if (this.paused) {
      if (this.#inbox.length < INBOX_MAX) this.#inbox.push(step);
      return;
    }
    this.#step(step);
  }

  /** The request as a checker sees it, then what it changes in what the process believes its log to be. */
  ask(write: OrderWrite): void {
    this.#requests++;
    this.#world.watcher.asked(this, write);
    const wrong = this.#asked.ask(write);
    if (wrong !== null) this.#world.problem('the log grows at its end', this, wrong);
  }

  #step(step: Step): void {
    const run = this.#run;
    if (run === null) return;
    this.#guard(() => step(run.machine, this.now(), run.out));
    if (run.out.isDying) {
      // What it had said before it died was so.
      this.#observe(run.machine);
      this.#world.crash(this, true);
      run.out.died();
      return;
    }
    this.#observe(run.machine);
    run.alarm.set(run.machine.wakeAt);
  }

  /** Within a step: what it says next follows from what it is by then. */
  lookAgain(): void {
    if (this.#run !== null) this.#observe(this.#run.machine);
  }

  #observe(machine: History): void {
    const { leads, commitIndex, group } = machine;
    // Of another group's order it knows nothing when it comes there.
    if (group !== this.#groupSeen) this.#commitIndex = 0;
    this.#groupSeen = group;
    if (leads !== this.#leads) {
      this.#leads = leads;
      this.#world.watcher.leads(this, leads);
    }
    if (commitIndex !== this.#commitIndex) {
      const from = this.#commitIndex;
      this.#commitIndex = commitIndex;
      this.#world.watcher.committed(this, from, commitIndex);
    }
  }

  #ring(): void {
    const run = this.#run;
    if (run === null || this.paused) return;
    if (run.machine.wakeAt <= this.now().steadyMs) this.#step((machine, now, out) => machine.wake(now, out));
    else run.alarm.set(run.machine.wakeAt);
  }

  /** A process that finds itself wrong is a problem of the run. */
  #guard<T>(step: () => T): T | null {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#world.problem('no assertion fails', this, error.stack ?? error.message);
      return null;
    }
  }
}

export function addressOf(peer: PeerId): Address {
  return { host: peer, port: 9_000 };
}
