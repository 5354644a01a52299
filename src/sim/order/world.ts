// The simulated world of the order: machines, links and virtual time. It runs what is given to it and decides
// nothing; what happens to it comes from a scenario. SPEC rules SM40-SM42.

import { must } from '../../kit/assert.ts';
import { Random } from '../../kit/random.ts';
import type { Identity, PeerId } from '../../model/ids.ts';
import type { History } from '../../peer/history.ts';
import type { OrderingMessage } from '../../wire/ordering-messages.ts';
import { type PathOptions, Paths } from '../paths.ts';
import { Timeline } from '../timeline.ts';
import { type Problem, peerName } from '../world.ts';
import { ByteDisk } from './byte-disk.ts';
import { OrderDisk } from './disk.ts';
import type { DiskEvents, DiskFound, DiskKind, OrderDiskOptions, SimulatedDisk } from './disk-port.ts';
import { OrderImage } from './image.ts';
import { CALM_LINKS, type LinkOptions, Links } from './links.ts';
import { mayLoseDisk } from './membership.ts';
import { OrderNode, type OrderNodeWorld } from './node.ts';
import { type OrderPlace, OrderWatchers } from './watcher.ts';

export interface OrderBoot {
  readonly index: number;
  readonly peer: PeerId;
  readonly identity: Identity;
  readonly found: DiskFound;
  readonly random: Random;
  readonly node: OrderNode;
}

export interface OrderWorldOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly paths: PathOptions;
  readonly links: LinkOptions;
  readonly disk: OrderDiskOptions;
  readonly diskKind: DiskKind;
  /** A broken world: who lost a disk is who it was. */
  readonly keepsIdentity: boolean;
  /** How a message crosses: as it is, or as bytes. */
  readonly carry: (from: PeerId, message: OrderingMessage) => OrderingMessage;
  readonly boot: (boot: OrderBoot) => History;
  /** The protocol's own, which faults like to meet. */
  readonly timings: { readonly suspectMs: number; readonly okMs: number; readonly heartbeatMs: number };
}

export class OrderWorld implements OrderNodeWorld {
  readonly timeline = new Timeline();
  readonly watcher = new OrderWatchers();
  readonly paths: Paths;
  readonly links: Links;
  readonly nodes: OrderNode[] = [];
  readonly problems: Problem[] = [];
  readonly timings: OrderWorldOptions['timings'];
  /** The faults are over: what they still had in mind does not happen. */
  isCalm = false;
  readonly #options: OrderWorldOptions;
  readonly #identities: Random;
  readonly #processes: Random;
  readonly #byPeer = new Map<PeerId, OrderNode>();
  /** By machine: the highest birth any of its identities had. */
  readonly #births: number[] = [];

  constructor(options: OrderWorldOptions) {
    const random = new Random(options.seed);
    this.#options = options;
    this.timings = options.timings;
    this.#identities = random.fork();
    this.#processes = random.fork();
    this.paths = new Paths(options.nodes, random.fork(), options.paths, () => this.timeline.nowMs);
    this.links = new Links(this.timeline, random.fork(), this.paths, options.links);
    for (let index = 0; index < options.nodes; index++) this.#add(index, random.fork());
  }

  node(index: number): OrderNode {
    return must(this.nodes[index], 'the node exists');
  }

  byPeer(peer: PeerId): OrderNode | undefined {
    return this.#byPeer.get(peer);
  }

  indexOf(peer: PeerId): number | undefined {
    return this.#byPeer.get(peer)?.index;
  }

  /** Does nothing where a process runs. */
  start(node: OrderNode): void {
    if (node.up) return;
    let found = node.disk.recover();
    if (found.isLost) {
      this.replaceDisk(node, new OrderImage(), 'has lost what it answered for');
      found = node.disk.recover();
    }
    const identity = found.identity ?? this.#born(node);
    const random = this.#processes.fork();
    const { index, peer } = node;
    node.start(identity, found, () => this.#options.boot({ index, peer, identity, found, random, node }));
  }

  crash(node: OrderNode, powered: boolean): void {
    // More disks lost than a quorum can spare would mean that nothing is promised any more.
    if (!powered && node.disk.isDoubtful && !mayLoseDisk(this, node)) node.disk.settle();
    node.stop(powered);
  }

  /** Paths and links are as on a good day from here on; what was repeated before may still turn up. */
  calm(): void {
    this.isCalm = true;
    this.paths.become({ ...this.#options.paths, spikeChance: 0 });
    this.paths.mendAll();
    this.links.calm(CALM_LINKS);
  }

  /** While no process runs, the disk becomes another one. Whoever had it is another member from here on. */
  replaceDisk(node: OrderNode, image: OrderImage, what: string): void {
    this.watcher.fault(`${node.peer}'s disk ${what}`);
    this.watcher.diskReplaced(node);
    // A disk of bytes is lost as a whole.
    if (image.isEmpty || node.disk.kind === 'bytes') this.watcher.outboxLost(node);
    if (this.#options.keepsIdentity) image.identity = node.identity;
    node.disk.replace(image);
  }

  /** While no process runs: log and promises are gone, the outbox is not. */
  loseLog(node: OrderNode): void {
    const image = node.image.copy();
    image.loseLog();
    image.identity = null;
    this.replaceDisk(node, image, 'has lost its log');
  }

  /** While no process runs: the outbox is gone, log and promises are not. */
  loseOutbox(node: OrderNode): void {
    const image = node.image.copy();
    image.batches = [];
    image.identity = null;
    this.replaceDisk(node, image, 'has lost its outbox');
    this.watcher.outboxLost(node);
  }

  /** An older copy is recognised by what others remember, before its process takes part in anything. */
  restoreBackup(node: OrderNode, backup: OrderImage): void {
    const image = backup.copy();
    image.identity = null;
    this.replaceDisk(node, image, 'is an old copy');
    this.watcher.outboxLost(node);
  }

  takeIdentity(node: OrderNode): void {
    if (!node.up) return;
    this.watcher.fault(`${node.peer} takes another identity`);
    this.watcher.diskReplaced(node);
    node.takeIdentity(this.#draw(node.index));
  }

  carry(from: OrderNode, to: number, message: OrderingMessage): void {
    this.links.send(from, to, this.#options.carry(from.peer, message));
  }

  problem(checker: string, at: OrderPlace | null, what: string): void {
    this.problems.push({ checker, atMs: this.timeline.nowMs, peer: at?.peer ?? null, what });
  }

  /** Runs until then, or until something is wrong. */
  runUntil(untilMs: number): void {
    while (this.problems.length === 0 && this.timeline.step(untilMs)) this.#count();
  }

  runFor(forMs: number): void {
    this.runUntil(this.timeline.nowMs + forMs);
  }

  /** Runs until `isSo`, at most for so long; whether it came to be. */
  runUntilSo(isSo: () => boolean, withinMs: number): boolean {
    const untilMs = this.timeline.nowMs + withinMs;
    while (!isSo()) {
      if (this.problems.length > 0 || !this.timeline.step(untilMs)) return isSo();
      this.#count();
    }
    return true;
  }

  /** Messages that beget messages without end are a storm, whatever else is right. */
  #count(): void {
    const { ran, nowMs } = this.timeline;
    if (ran <= STEPS_MIN + nowMs * this.nodes.length * STEPS_PER_MS) return;
    this.problem('no storm rages', null, `${ran} steps in ${Math.round(nowMs)} ms`);
  }

  #add(index: number, random: Random): void {
    const peer = peerName(index);
    const disk = this.#disk(peer, random, {
      durable: (write) => this.watcher.durable(this.node(index), write),
      full: (full) => this.node(index).diskIs(full ? 'full' : 'fine'),
      damaged: (from, to) => this.node(index).diskIs({ from, to, is: 'found' }),
      broken: () => this.crash(this.node(index), true),
      problem: (what) => this.problem('what a disk answered for is there', this.node(index), what),
    });
    const node = new OrderNode(index, peer, this.#draw(index), disk, this);
    disk.image.identity = node.identity;
    this.nodes.push(node);
    this.#byPeer.set(peer, node);
    this.links.add(node);
  }

  #disk(peer: PeerId, random: Random, events: DiskEvents): SimulatedDisk {
    const { disk, diskKind } = this.#options;
    return diskKind === 'bytes'
      ? new ByteDisk(peer, this.timeline, random, disk, events)
      : new OrderDisk(this.timeline, random, disk, events);
  }

  /** A disk without an identity, or with one that is taken, gets one that was never there. */
  #born(node: OrderNode): Identity {
    const identity = this.#draw(node.index);
    node.disk.born(identity);
    return identity;
  }

  #draw(index: number): Identity {
    const birth = (this.#births[index] ?? 0) + 1;
    this.#births[index] = birth;
    const word = (): string => this.#identities.u32().toString(16).padStart(8, '0');
    return { birth, random: word() + word() };
  }
}

/** Far above what a busy group needs. */
const STEPS_MIN = 200_000;
const STEPS_PER_MS = 10;
