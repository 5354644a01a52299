// What must come right once the faults end: a leader in time, one log everywhere, every stored record ordered, and
// then quiet. Only a core of the machines is whole; the rest stays broken (as TigerBeetle's simulator has it).
// SPEC rules SM64, SM65.

import type { Random } from '../../kit/random.ts';
import type { Fact } from '../../model/fact.ts';
import type { GroupView } from '../../model/group-view.ts';
import { sameIdentity } from '../../model/ids.ts';
import type { OrderChaos } from './chaos.ts';
import { sameChain } from './checkers/log-matching.ts';
import { viewsAbout } from './membership.ts';
import type { OrderNode } from './node.ts';
import { apart } from './partitions.ts';
import { isQuorum } from './quorum.ts';
import { leaderText, type OrderStage } from './stage.ts';
import { latestView } from './views.ts';
import { type OrderPlace, OrderWatcher } from './watcher.ts';
import type { OrderWorld } from './world.ts';

export interface LivenessBounds {
  readonly leaderMs: number;
  readonly settleMs: number;
  /** All must stay as it is for so long. */
  readonly stayMs: number;
}

export interface LivenessResult {
  readonly ledAfterMs: number | null;
  readonly settledAfterMs: number | null;
}

/** How long a link may take to be made anew after its path healed, and a first message to be told everywhere. */
const RECONNECT_MS = 2_500;
const LOOK_EVERY_MS = 250;
/** Those who know of no group wait for each other, and then agree on one. */
const FOUND_MS = 10_000;

export function leaderBoundMs({ world }: OrderStage, core: number): number {
  const { suspectMs, okMs } = world.timings;
  const founds = isFounded(world) ? 0 : FOUND_MS;
  return suspectMs + core * (okMs + 40) + 1_000 + RECONNECT_MS + founds;
}

/** Machines that hold a quorum of whatever view anybody could decide with; at random no more than that. */
export function drawCore(stage: OrderStage, random: Random): ReadonlySet<OrderNode> {
  const { nodes } = stage.world;
  const core = new Set(nodes.filter((node) => !node.hasLeft));
  if (random.chance(0.5)) return core;
  for (const node of random.sample(nodes, nodes.length)) {
    if (core.delete(node) && !decides(stage.world, core)) core.add(node);
  }
  return core;
}

/** Whether these hold a quorum of every view that anybody could decide with; not if nobody knows of any. */
function decides(world: OrderWorld, core: ReadonlySet<OrderNode>): boolean {
  const views = viewsAbout(world);
  const isQuorumOf = (view: GroupView): boolean =>
    isQuorum(view, ({ peer, identity }) => {
      const member = world.byPeer(peer);
      return member !== undefined && core.has(member) && member.isStill(identity);
    });
  // What one has accepted is no group yet: founders are a quorum of all that are expected.
  const mayFound = isFounded(world) || 2 * core.size > world.nodes.length;
  return mayFound && views.length > 0 && views.every(isQuorumOf);
}

function isFounded(world: OrderWorld): boolean {
  return world.nodes.some(({ group }) => group !== null);
}

export class Liveness {
  readonly #stage: OrderStage;
  #core: ReadonlySet<OrderNode>;
  readonly #reigns = new Reigns();

  constructor(stage: OrderStage, core: ReadonlySet<OrderNode>) {
    this.#stage = stage;
    this.#core = core;
    stage.world.watcher.add(this.#reigns);
  }

  /** The core is whole; the others are gone, or cut off. */
  begin(chaos: OrderChaos, random: Random): void {
    const { world } = this.#stage;
    const out = world.nodes.filter((node) => !this.#core.has(node));
    const isGone = random.chance(0.5);
    chaos.end(new Set(isGone ? out : []));
    if (!isGone && out.length > 0) {
      const cuts = apart(
        world.nodes.length,
        out.map(({ index }) => index),
      );
      for (const [from, to] of cuts) world.paths.cut(from, to);
      world.watcher.fault(`${out.map(({ peer }) => peer).join(' ')} stay cut off`);
    }
  }

  run(bounds: LivenessBounds): LivenessResult {
    const { world } = this.#stage;
    const startMs = world.timeline.nowMs;
    const hasLeader = (): boolean => this.#leader() !== null;
    const isLed =
      world.runUntilSo(hasLeader, bounds.leaderMs) ||
      (this.#widened() && world.runUntilSo(hasLeader, 2 * bounds.leaderMs));
    if (!isLed) {
      this.#complain(`within ${bounds.leaderMs} ms of the last fault ${leaderText(this.#stage.leader)}`);
      return { ledAfterMs: null, settledAfterMs: null };
    }
    const ledAfterMs = world.timeline.nowMs - startMs;
    // A leader of the bad days may still find out that nobody heard it.
    world.runFor(2 * world.timings.suspectMs);
    const settledAfterMs = this.#settle(startMs, bounds.settleMs);
    if (settledAfterMs !== null) this.#stay(bounds);
    return { ledAfterMs, settledAfterMs };
  }

  #settle(startMs: number, withinMs: number): number | null {
    const { world } = this.#stage;
    let missing = this.#missing();
    while (missing !== null && world.timeline.nowMs < startMs + withinMs && world.problems.length === 0) {
      world.runFor(LOOK_EVERY_MS);
      missing = this.#missing();
    }
    if (world.problems.length > 0) return null;
    if (missing !== null && this.#widened()) return this.#settle(world.timeline.nowMs, withinMs);
    if (missing !== null) {
      this.#complain(`${withinMs} ms after the last fault ${missing}`);
      return null;
    }
    return world.timeline.nowMs - startMs;
  }

  /** Courtesy transfers upwards may still come, where the seed makes them that frequent; nothing else changes. */
  #stay({ stayMs: forMs, settleMs }: LivenessBounds): void {
    const { world } = this.#stage;
    const before = this.#reigns.count;
    const transfersBefore = this.#reigns.transfers;
    world.runFor(forMs);
    if (world.problems.length > 0) return;
    const changes = this.#reigns.count - before;
    const transfers = this.#reigns.transfers - transfersBefore;
    if (changes > transfers || transfers >= this.#core.size) {
      this.#complain(`in ${forMs} ms of quiet the lead changed ${changes} times, ${transfers} by transfer`);
    }
    // A slow disk may have answered about a last batch meanwhile, and a transfer takes a moment.
    this.#settle(world.timeline.nowMs, settleMs);
  }

  /**
   * A change of voters that was on its way when the faults ended may have made the core too small: then all are
   * whole again, once.
   */
  #widened(): boolean {
    const { world } = this.#stage;
    const all = new Set(world.nodes.filter((node) => !node.hasLeft));
    if (world.problems.length > 0 || this.#core.size === all.size || decides(world, this.#core)) return false;
    world.watcher.fault('a change of voters needs the others as well');
    this.#core = all;
    world.calm();
    for (const node of all) world.start(node);
    return true;
  }

  /** A leader of the core that has committed an entry of its own ballot. */
  #leader(): OrderNode | null {
    for (const node of this.#core) {
      if (node.leads === null) continue;
      const last = node.asked.at(node.commitIndex);
      if (last !== undefined && last.ballot.round === node.leads.round && last.ballot.peer === node.peer)
        return node;
    }
    return null;
  }

  /** What is not yet as it should be, in words; null when all is well. */
  #missing(): string | null {
    const leader = this.#leader();
    if (leader === null) return leaderText(null);
    const truth = this.#stage.truth.of(leader.group);
    const end = truth.at(truth.last)?.entry;
    const { view } = latestView(leader);
    for (const node of this.#core) {
      if (node.isUnwanted && (view === null || !isMember(view, node))) continue;
      if (node.group !== leader.group)
        return `${node.peer} is in group ${node.group}, ${leader.peer} in ${leader.group}`;
      if (node.commitIndex < truth.last)
        return `${node.peer} knows ${node.commitIndex} of ${truth.last} committed`;
      const last = node.image.log.at(truth.last);
      if (end !== undefined && (last === undefined || !sameChain(last.chain, end.chain))) {
        return `${node.peer}'s disk lacks entry ${truth.last}, it ends at ${node.image.log.last}`;
      }
    }
    return this.#unordered(leader);
  }

  #unordered(leader: OrderNode): string | null {
    for (const { origin, identity, storedN, lost } of this.#stage.stored.producers) {
      const node = this.#stage.world.byPeer(origin);
      if (lost || node === undefined || node.isUnwanted || !this.#core.has(node)) continue;
      const row = this.#stage.order.ordered(leader.group, origin, identity);
      if (row?.retired === true) continue;
      const ordered = row?.lastN ?? 0;
      if (ordered < storedN) return `${ordered} of ${origin}'s ${storedN} stored records are ordered`;
    }
    return null;
  }

  #complain(what: string): void {
    this.#stage.world.problem('in the end all comes right', null, what);
  }
}

function isMember(view: GroupView, { peer, identity }: OrderNode): boolean {
  const members = [...view.voters, ...view.learners, ...(view.joint ?? [])];
  return members.some((member) => member.peer === peer && sameIdentity(member.identity, identity));
}

/** How often somebody came to lead, and how. */
class Reigns extends OrderWatcher {
  count = 0;
  transfers = 0;

  override announced(_at: OrderPlace, fact: Fact): void {
    if (fact.type !== 'became-leader' || fact.how === 'reballot') return;
    this.count++;
    if (fact.how === 'transfer') this.transfers++;
  }
}
