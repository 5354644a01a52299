// Several history planes in virtual time: between them a network that loses, delays and is cut, under each a disk
// that answers late and forgets what it owes when its process dies. Everything is drawn from one seed.

import { Heap } from '../kit/heap.ts';
import { Random } from '../kit/random.ts';
import { NO_BALLOT } from '../model/ballot.ts';
import type { Entry, OrderState } from '../model/entry.ts';
import type { Fact } from '../model/fact.ts';
import type { GroupView } from '../model/group-view.ts';
import type { Identity, PeerId } from '../model/ids.ts';
import type { Now } from '../model/time.ts';
import { ELECTION_DEFAULTS, type ElectionOptions } from '../protocol/election/options.ts';
import { firstBase } from '../protocol/ordering/first-base.ts';
import { ORDERING_DEFAULTS, type OrderingOptions } from '../protocol/ordering/options.ts';
import type { OrderingOutbox } from '../protocol/ordering/port.ts';
import { GROUP, identityOf, viewOf } from '../protocol/ordering/testing.ts';
import type { Message } from '../wire/messages.ts';
import { isOrderingMessage, type OrderingMessage } from '../wire/ordering-messages.ts';
import { History } from './history.ts';
import { HistoryDisk, MeshOutbox } from './testing-history-disk.ts';

export interface MeshOptions {
  readonly seed?: number;
  /** Those who founded the group; empty: there is none yet. */
  readonly founders?: readonly PeerId[];
  readonly expect?: number;
  readonly lossPercent?: number;
  readonly latencyMs?: { readonly min: number; readonly max: number };
  readonly diskMs?: number;
  /** How much later than by that the disk says that a base is on it. */
  readonly baseLateMs?: number;
  readonly priority?: { readonly [peer: string]: number | null };
  readonly view?: Partial<GroupView>;
  readonly election?: Partial<ElectionOptions>;
  readonly ordering?: Partial<OrderingOptions>;
}

interface Event {
  readonly atMs: number;
  readonly turn: number;
  readonly act: () => void;
}

export class HistoryNode {
  readonly peer: PeerId;
  readonly disk: HistoryDisk;
  readonly facts: Fact[] = [];
  /** The host's view of the log, durable or asked for. */
  asked: Entry[] = [];
  /** Whose log the host was asked to begin. */
  group: string | null = null;
  history: History | null = null;
  identity: Identity;
  life = 0;
  lastN = 0;
  /** The disk takes nothing and answers nothing. */
  isStuck = false;
  alarmMs = Number.POSITIVE_INFINITY;

  constructor(peer: PeerId, disk: HistoryDisk, identity: Identity) {
    this.peer = peer;
    this.disk = disk;
    this.identity = identity;
  }

  factsOf<T extends Fact['type']>(type: T): Extract<Fact, { readonly type: T }>[] {
    return this.facts.filter((fact): fact is Extract<Fact, { readonly type: T }> => fact.type === type);
  }
}

export class HistoryMesh {
  readonly nodes = new Map<PeerId, HistoryNode>();
  readonly #options: MeshOptions;
  readonly #random: Random;
  readonly #events = new Heap<Event>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.turn < b.turn));
  readonly #cuts = new Set<string>();
  #nowMs = 0;
  #turn = 0;

  constructor(peers: readonly PeerId[], options: MeshOptions = {}) {
    this.#options = options;
    this.#random = new Random(options.seed ?? 5);
    for (const peer of peers) this.add(peer, (options.founders ?? peers).includes(peer));
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get leader(): PeerId | null {
    return [...this.nodes.values()].find(({ history }) => history?.leads)?.peer ?? null;
  }

  node(peer: PeerId): HistoryNode {
    const node = this.nodes.get(peer);
    if (node === undefined) throw new Error(`${peer} is in the mesh`);
    return node;
  }

  history(peer: PeerId): History {
    const { history } = this.node(peer);
    if (history === null) throw new Error(`${peer} runs`);
    return history;
  }

  now(): Now {
    return { steadyMs: this.#nowMs, wallMs: 1_700_000_000_000 + this.#nowMs };
  }

  /** A machine with an empty disk, or one of a group that was founded before. */
  add(peer: PeerId, isFounder: boolean, birth = 1): void {
    const founders = this.#options.founders ?? [...this.nodes.keys(), peer];
    const group = isFounder ? GROUP : null;
    const state: OrderState = { group, promised: NO_BALLOT, damaged: false, floor: 0, founding: null };
    const view = this.#founded(founders);
    const disk = new HistoryDisk(state, isFounder ? firstBase(GROUP, view) : null);
    this.nodes.set(peer, new HistoryNode(peer, disk, identityOf(peer, birth)));
  }

  #founded(founders: readonly PeerId[]): GroupView {
    const { priority = {}, view = {} } = this.#options;
    const founded = viewOf(founders, view);
    return {
      ...founded,
      voters: founded.voters.map((voter) => ({ ...voter, priority: priority[voter.peer] ?? 0 })),
    };
  }

  startAll(): void {
    const founders = [...this.nodes.values()].filter(({ disk }) => disk.base !== null);
    const base = firstBase(GROUP, this.#founded(founders.map(({ peer }) => peer)));
    for (const node of founders) if (node.disk.entries.length === 0) node.disk.base = base;
    for (const peer of this.nodes.keys()) this.start(peer);
  }

  start(peer: PeerId): void {
    const node = this.node(peer);
    const { priority = {}, expect = this.nodes.size, election, ordering } = this.#options;
    node.life++;
    node.asked = [...node.disk.entries];
    node.group = node.disk.base?.group ?? null;
    const options = {
      peer,
      identity: node.identity,
      address: { host: peer, port: 9_000 },
      priority: priority[peer] === undefined ? 0 : priority[peer],
      expectNodes: expect,
      election: { ...ELECTION_DEFAULTS, ...election },
      ordering: { ...ORDERING_DEFAULTS, ...ordering },
    };
    node.history = new History(options, node.disk.recover(), this.#random.fork(), this.now());
    this.#step(node, (history, out) => history.start(this.now(), out));
    for (const other of this.nodes.values()) this.#link(node, other);
  }

  /** The process dies; what the disk had not yet done is not done. */
  crash(peer: PeerId): void {
    const node = this.node(peer);
    node.history = null;
    node.life++;
    for (const other of this.nodes.values()) {
      if (other.peer !== peer && !this.#isCut(other.peer, peer)) {
        this.#step(other, (history, out) => history.linkDown(peer, 'closed', this.now(), out));
      }
    }
  }

  cut(a: PeerId, b: PeerId): void {
    this.#cuts.add(`${a} ${b}`).add(`${b} ${a}`);
  }

  heal(): void {
    this.#cuts.clear();
    for (const a of this.nodes.values())
      for (const b of this.nodes.values()) if (a.peer < b.peer) this.#link(a, b);
  }

  /** A batch of own records, durable at once. */
  submit(peer: PeerId, readings = 1): void {
    const node = this.node(peer);
    const firstN = node.lastN + 1;
    node.lastN += readings;
    const payload = new Uint8Array(16).fill(firstN);
    const batch = { identity: node.identity, firstN, lastN: node.lastN, readings, payload };
    node.disk.batches.push(batch);
    this.#step(node, (history, out) => history.stored(batch, this.now(), out));
  }

  act(peer: PeerId, step: (history: History, now: Now, out: OrderingOutbox) => void): void {
    this.#step(this.node(peer), (history, out) => step(history, this.now(), out));
  }

  receive(to: PeerId, from: PeerId, message: OrderingMessage): void {
    this.#step(this.node(to), (history, out) => history.receive(from, message, this.now(), out));
  }

  run(forMs: number): void {
    const untilMs = this.#nowMs + forMs;
    while ((this.#events.first?.atMs ?? Number.POSITIVE_INFINITY) <= untilMs) this.#next();
    this.#nowMs = untilMs;
  }

  /** How long it took; throws when it does not come to hold. */
  runUntil(holds: () => boolean, atMostMs = 10_000): number {
    const startMs = this.#nowMs;
    while (!holds()) {
      if (this.#nowMs - startMs > atMostMs || this.#events.size === 0)
        throw new Error(`not within ${atMostMs} ms`);
      this.#next();
    }
    return this.#nowMs - startMs;
  }

  /** What each has delivered, as one text for each; equal texts, equal histories. */
  delivered(peer: PeerId): string {
    const { facts, asked } = this.node(peer);
    const upto = facts.findLast((fact) => fact.type === 'committed');
    const index = upto?.type === 'committed' ? upto.index : 0;
    const chain = asked.find((entry) => entry.index === index)?.chain;
    return `${index} ${chain?.a} ${chain?.b}`;
  }

  #next(): void {
    const event = this.#events.pop();
    if (event === undefined) return;
    this.#nowMs = Math.max(this.#nowMs, event.atMs);
    event.act();
  }

  #link(a: HistoryNode, b: HistoryNode): void {
    if (a.peer === b.peer || a.history === null || b.history === null || this.#isCut(a.peer, b.peer)) return;
    for (const [node, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const member = {
        peer: other.peer,
        identity: other.identity,
        address: { host: other.peer, port: 9_000 },
      };
      this.#step(node, (history, out) => history.linkUp(member, this.now(), out));
    }
  }

  #isCut(a: PeerId, b: PeerId): boolean {
    return this.#cuts.has(`${a} ${b}`);
  }

  #step(node: HistoryNode, step: (history: History, out: OrderingOutbox) => void): void {
    if (node.history === null) return;
    step(node.history, new MeshOutbox(this, node));
    const { wakeAt } = node.history;
    if (wakeAt >= node.alarmMs || wakeAt === Number.POSITIVE_INFINITY) return;
    node.alarmMs = wakeAt;
    const { life } = node;
    this.#later(Math.max(0, wakeAt - this.#nowMs), () => {
      if (node.alarmMs === wakeAt) node.alarmMs = Number.POSITIVE_INFINITY;
      if (node.life === life) this.#step(node, (history, out) => history.wake(this.now(), out));
    });
  }

  #later(ms: number, act: () => void): void {
    this.#events.push({ atMs: this.#nowMs + ms, turn: this.#turn++, act });
  }

  carry(from: HistoryNode, to: PeerId, message: Message): void {
    const { lossPercent = 0, latencyMs = { min: 1, max: 1 } } = this.#options;
    if (!isOrderingMessage(message) || this.#random.chance(lossPercent / 100)) return;
    const { life } = from;
    this.#later(this.#random.between(latencyMs.min, latencyMs.max), () => {
      const node = this.nodes.get(to);
      if (node === undefined || from.life !== life || this.#isCut(from.peer, to)) return;
      this.#step(node, (history, out) => history.receive(from.peer, message, this.now(), out));
    });
  }

  /** The disk does it, and answers, unless the process has died. */
  write(
    node: HistoryNode,
    does: () => void,
    answer: (history: History, out: OrderingOutbox) => void,
    lateMs = 0,
  ): void {
    const { life } = node;
    const isGone = (): boolean => node.life !== life || node.isStuck;
    this.#later(this.#options.diskMs ?? 1, () => {
      if (isGone()) return;
      does();
      if (lateMs === 0) this.#step(node, answer);
      else
        this.#later(lateMs, () => {
          if (!isGone()) this.#step(node, answer);
        });
    });
  }

  get baseLateMs(): number {
    return this.#options.baseLateMs ?? 0;
  }
}
