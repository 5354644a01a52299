// A world of the order with everybody who watches it: what random runs and scripted ones have in common.
// SPEC rules SM40, SM46-SM62.

import { ballotText, NO_BALLOT } from '../../model/ballot.ts';
import type { OrderState } from '../../model/entry.ts';
import type { GroupId, GroupMember, GroupView } from '../../model/group-view.ts';
import type { PeerId } from '../../model/ids.ts';
import type { History } from '../../peer/history.ts';
import { HISTORY_PROFILES, type HistoryOptions } from '../../peer/history-options.ts';
import type { ElectionOptions } from '../../protocol/election/options.ts';
import { firstBase } from '../../protocol/ordering/first-base.ts';
import type { OrderingOptions } from '../../protocol/ordering/options.ts';
import type { OrderingMessage } from '../../wire/ordering-messages.ts';
import type { PathOptions } from '../paths.ts';
import { Wire } from '../wire.ts';
import type { Problem } from '../world.ts';
import { AckIsTrue } from './checkers/acked.ts';
import { Agreement } from './checkers/agreement.ts';
import { LeaderAppendsOnly } from './checkers/append-only.ts';
import { BaseIsReplay } from './checkers/base.ts';
import { Bounds } from './checkers/bounds.ts';
import { CommitRule } from './checkers/commit-rule.ts';
import { LeaderIsComplete } from './checkers/completeness.ts';
import { Delivery } from './checkers/delivery.ts';
import { ExactlyOnce } from './checkers/exactly-once.ts';
import { FloorHolds } from './checkers/floor.ts';
import { LogMatching } from './checkers/log-matching.ts';
import { NoHalt } from './checkers/no-halt.ts';
import { OneLeader } from './checkers/one-leader.ts';
import { PromisesHold } from './checkers/promises.ts';
import { ReadsAreLatest } from './checkers/reads.ts';
import { ViewChain } from './checkers/view-chain.ts';
import type { DiskKind, OrderDiskOptions } from './disk-port.ts';
import { CALM_LINKS, type LinkOptions } from './links.ts';
import { brokenOf, type Mutation, makeHistory } from './mutations.ts';
import { addressOf, type OrderNode } from './node.ts';
import { StoredLedger } from './stored.ts';
import { OrderTrace } from './trace.ts';
import { Truth } from './truth.ts';
import type { OrderPlace } from './watcher.ts';
import { type OrderBoot, OrderWorld } from './world.ts';

export interface StageOptions {
  readonly seed: number;
  readonly nodes: number;
  /** How many of them are voters from the beginning; 0: they found their group themselves. */
  readonly voters: number;
  /** How many each expects when it founds a group; null: all. Fewer may found groups apart. */
  readonly expectNodes: number | null;
  readonly paths: PathOptions;
  readonly links: LinkOptions;
  readonly disk: OrderDiskOptions;
  readonly diskKind: DiskKind;
  readonly election: Partial<ElectionOptions>;
  readonly ordering: Partial<OrderingOptions>;
  readonly tieBreak: boolean;
  readonly codec: boolean;
  readonly story: boolean;
  readonly mutation: Mutation | null;
}

export const GROUP: GroupId = '0123456789abcdef';

export const CALM_STAGE: Omit<StageOptions, 'seed' | 'nodes' | 'voters'> = {
  paths: {
    latencyMs: { min: 0.2, max: 1 },
    jitter: 0.2,
    spikeChance: 0,
    spikeMs: 0,
    lossChance: 0,
    duplicateChance: 0,
  },
  links: CALM_LINKS,
  disk: { syncMs: { min: 0.2, max: 2 } },
  diskKind: 'entries',
  election: {},
  ordering: {},
  expectNodes: null,
  tieBreak: false,
  codec: false,
  story: false,
  mutation: null,
};

export class OrderStage {
  readonly options: StageOptions;
  readonly world: OrderWorld;
  readonly trace: OrderTrace;
  readonly truth: Truth;
  readonly order: ExactlyOnce;
  readonly stored = new StoredLedger();
  readonly reads: ReadsAreLatest;
  /** The newest format that the program of a peer knows, where it is another one than today's: from its next start on. */
  readonly formats = new Map<PeerId, number>();
  readonly #wire: Wire;

  constructor(options: StageOptions) {
    this.options = options;
    this.#wire = new Wire(options.codec);
    const { election, ordering } = this.#timings();
    this.world = new OrderWorld({
      seed: options.seed,
      nodes: options.nodes,
      paths: options.paths,
      links: options.links,
      disk: options.disk,
      diskKind: options.diskKind,
      keepsIdentity: brokenOf(options.mutation)?.keepsIdentity === true,
      carry: (from, message) => this.#carry(from, message),
      boot: (boot) => this.#boot(boot),
      timings: { suspectMs: election.suspectMs, okMs: election.okMs, heartbeatMs: ordering.heartbeatMs },
    });
    const { world } = this;
    const { watcher, timeline } = world;
    this.trace = watcher.add(new OrderTrace(timeline, { story: options.story }));
    // The truth comes before those that compare with it.
    this.truth = watcher.add(new Truth(() => timeline.nowMs));
    watcher.add(this.stored);
    this.order = watcher.add(new ExactlyOnce(this.#complain, this.truth));
    watcher.add(new Agreement(this.#complain, this.truth));
    watcher.add(new LogMatching(this.#complain));
    watcher.add(new OneLeader(this.#complain));
    watcher.add(new LeaderIsComplete(this.#complain, this.truth));
    watcher.add(new LeaderAppendsOnly(this.#complain));
    watcher.add(new CommitRule(this.#complain));
    watcher.add(new PromisesHold(this.#complain, (peer) => world.byPeer(peer)));
    watcher.add(new FloorHolds(this.#complain));
    watcher.add(new Delivery(this.#complain, this.truth));
    watcher.add(new ViewChain(this.#complain));
    watcher.add(new BaseIsReplay(this.#complain, this.truth));
    watcher.add(new AckIsTrue(this.#complain, this.order));
    watcher.add(new NoHalt(this.#complain));
    this.reads = watcher.add(new ReadsAreLatest(this.#complain, this.truth));
    watcher.add(new Bounds(this.#complain));
    if (options.voters > 0) this.#found(options.voters);
  }

  get problems(): readonly Problem[] {
    return this.world.problems;
  }

  node(index: number): OrderNode {
    return this.world.node(index);
  }

  /** The leader that has committed under its own ballot; of several that think so, the one with the highest. */
  get leader(): OrderNode | null {
    let found: OrderNode | null = null;
    for (const node of this.world.nodes) {
      if (node.leads === null || node.paused) continue;
      if (found?.leads == null || found.leads.round < node.leads.round) found = node;
    }
    return found;
  }

  member(index: number): GroupMember {
    const { peer, identity } = this.node(index);
    return { peer, identity, priority: 0, address: addressOf(peer) };
  }

  readonly #complain = (checker: string, at: OrderPlace | null, what: string): void => {
    this.world.problem(checker, at, what);
    this.trace.problem(`${at?.peer ?? ''}: ${checker}: ${what}`);
  };

  #carry(from: PeerId, message: OrderingMessage): OrderingMessage {
    if (!this.options.codec) return message;
    // A codec gives back the type it was given.
    return this.#wire.carry(from, message, 'stream') as OrderingMessage;
  }

  /** Disks as they are once a group was founded: they know its name and its first view, and nothing else. */
  #found(voters: number): void {
    const members = Array.from({ length: voters }, (_, index) => this.member(index));
    const learners = Array.from({ length: this.options.nodes - voters }, (_, index) =>
      this.member(voters + index),
    );
    const view: GroupView = { voters: members, learners, joint: null, tieBreak: this.options.tieBreak };
    const state: OrderState = {
      group: GROUP,
      promised: NO_BALLOT,
      damaged: false,
      floor: 0,
      founding: { promised: NO_BALLOT, accepted: { ballot: NO_BALLOT, group: GROUP, view } },
    };
    for (const node of this.world.nodes) {
      node.image.state = state;
      node.image.bases = [firstBase(GROUP, view)];
    }
  }

  #timings(): { election: ElectionOptions; ordering: OrderingOptions } {
    const { local } = HISTORY_PROFILES;
    return {
      election: { ...local.election, ...this.options.election },
      ordering: { ...local.ordering, ...this.options.ordering },
    };
  }

  #boot({ peer, identity, found, random, node }: OrderBoot): History {
    const { election, ordering } = this.#timings();
    const format = this.formats.get(peer) ?? ordering.format;
    const options: HistoryOptions = {
      peer,
      identity,
      address: addressOf(peer),
      priority: 0,
      expectNodes: this.options.expectNodes ?? this.options.nodes,
      election,
      ordering: { ...ordering, format },
    };
    const { state, log, outbox } = found;
    const recovered = { state: state ?? NO_STATE, log, outbox };
    return makeHistory({ options, recovered, random, now: node.now() }, this.options.mutation);
  }
}

const NO_STATE: OrderState = { group: null, promised: NO_BALLOT, damaged: false, floor: 0, founding: null };

export function problemText({ checker, atMs, peer, what }: Problem): string {
  return `${(atMs / 1_000).toFixed(3)} s, ${peer ?? 'all'}: ${checker}: ${what}`;
}

export function leaderText(node: OrderNode | null): string {
  return node?.leads == null ? 'nobody leads' : `${node.peer} leads with ${ballotText(node.leads)}`;
}
