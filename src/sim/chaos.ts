// Lets the faults of a run happen to its world, and in the end takes all of them back. SPEC rules SM6, SM7.

import { unreachable } from '../kit/assert.ts';
import type { Random } from '../kit/random.ts';
import { type DiskContent, EMPTY_DISK } from './disk.ts';
import { type EventFamily, type Faults, healed } from './faults.ts';
import type { Process, SimNode } from './node.ts';
import type { World } from './world.ts';

/**
 * How often one machine may get another disk: each is another identity, and of one origin only so many are
 * kept (`identitiesPerOriginMax`).
 */
const DISKS_PER_NODE_MAX = 2;
/** From goodbye to the end of the process. */
const LEAVE_MS = 200;

export class Chaos<P extends Process> {
  readonly #world: World<P>;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #backups = new Map<SimNode<P>, DiskContent>();
  readonly #disksLost = new Map<SimNode<P>, number>();
  #ended = false;

  constructor(world: World<P>, random: Random, faults: Faults) {
    this.#world = world;
    this.#random = random;
    this.#faults = faults;
  }

  begin(): void {
    this.#world.paths.become(this.#faults.paths);
    for (const { family, everyMs } of this.#faults.events) this.#strikeLater(family, everyMs);
  }

  /** Everything works again but the wall clocks, which may be wrong for ever, and the machines `goneForGood`. */
  end(goneForGood: ReadonlySet<SimNode<P>>): void {
    const { paths, nodes, watcher, timeline } = this.#world;
    this.#ended = true;
    watcher.fault('all faults end');
    paths.become(healed(this.#faults.paths));
    paths.mendAll();
    for (const node of nodes) {
      node.clock.setRate(1, timeline.nowMs);
      node.disk.setSlowness(1);
      node.resume();
      if (goneForGood.has(node) || node.isLeaving) this.#world.crash(node, true);
      if (!goneForGood.has(node) && node.process === null) this.#world.start(node);
    }
  }

  #strikeLater(family: EventFamily, everyMs: number): void {
    this.#world.timeline.after(this.#random.between(0.1, 1.9) * everyMs, () => {
      if (this.#ended) return;
      this.#strike(family);
      this.#strikeLater(family, everyMs);
    });
  }

  #strike(family: EventFamily): void {
    const node = this.#random.pick(this.#world.nodes);
    switch (family) {
      case 'one-way':
        this.#cutOneWay(node);
        return;
      case 'partition':
        this.#partition();
        return;
      case 'clog':
        this.#clog(node);
        return;
      case 'crash':
      case 'power':
        this.#restartAfter(node, family === 'crash', () => {});
        return;
      case 'leave':
        this.#leave(node);
        return;
      case 'lost-disk':
        if (this.#mayLoseDisk(node))
          this.#restartAfter(node, true, () => this.#replaceDisk(node, EMPTY_DISK));
        return;
      case 'backup':
        this.#backup(node);
        return;
      case 'pause':
        this.#pause(node);
        return;
      case 'clock-jump':
        this.#setClock(node);
        return;
      case 'clock-drift':
        this.#world.watcher.fault(`${node.peer}'s clock drifts`);
        node.clock.setRate(this.#random.between(0.8, 1.25), this.#world.timeline.nowMs);
        return;
      case 'move':
        this.#restartAfter(node, true, () => this.#move(node));
        return;
      case 'slow-disk':
        this.#slowDisk(node);
        return;
      default:
        unreachable(family);
    }
  }

  #cutOneWay(from: SimNode<P>): void {
    const to = this.#random.pick(this.#world.nodes);
    if (to === from) return;
    this.#world.watcher.fault(`the path from ${from.peer} to ${to.peer} is cut`);
    this.#world.paths.cut(from.index, to.index);
    this.#afterwards(() => {
      this.#world.watcher.fault(`the path from ${from.peer} to ${to.peer} is whole`);
      this.#world.paths.mend(from.index, to.index);
    });
  }

  #partition(): void {
    const { nodes, paths, watcher } = this.#world;
    const groups = this.#random.chance(0.8) ? 2 : 3;
    const groupOf = nodes.map(() => this.#random.below(groups));
    const cuts: [number, number][] = [];
    for (const [from, group] of groupOf.entries()) {
      for (const [to, other] of groupOf.entries()) if (group !== other) cuts.push([from, to]);
    }
    const names = Array.from({ length: groups }, (_, group) =>
      nodes.filter((_node, index) => groupOf[index] === group).map((node) => node.peer),
    );
    watcher.fault(`the network falls apart: ${names.map((group) => group.join(' ')).join(' | ')}`);
    for (const [from, to] of cuts) paths.cut(from, to);
    this.#afterwards(() => {
      watcher.fault('a partition heals');
      for (const [from, to] of cuts) paths.mend(from, to);
    });
  }

  #clog(from: SimNode<P>): void {
    const to = this.#random.pick(this.#world.nodes);
    this.#world.watcher.fault(`the path from ${from.peer} to ${to.peer} is clogged`);
    this.#world.paths.clog(from.index, to.index, this.#random.between(200, 10_000));
  }

  #restartAfter(node: SimNode<P>, powered: boolean, meanwhile: () => void): void {
    if (node.process === null) return;
    this.#world.crash(node, powered);
    meanwhile();
    this.#afterwards(() => this.#world.start(node));
  }

  #leave(node: SimNode<P>): void {
    if (node.isLeaving || !node.up || node.paused) return;
    node.leave();
    const { life } = node;
    this.#world.timeline.after(LEAVE_MS, () => {
      if (node.life !== life || node.process === null) return;
      this.#world.crash(node, true);
      this.#afterwards(() => this.#world.start(node));
    });
  }

  /** Half of the time a backup is made, half of the time the last one is put back. */
  #backup(node: SimNode<P>): void {
    const backup = this.#backups.get(node);
    if (backup === undefined || this.#random.chance(0.5)) {
      this.#world.watcher.fault(`${node.peer}'s disk is backed up`);
      this.#backups.set(node, node.disk.content());
    } else if (backup.hardState !== null && this.#mayLoseDisk(node)) {
      this.#restartAfter(node, true, () => this.#replaceDisk(node, backup));
    }
  }

  #mayLoseDisk(node: SimNode<P>): boolean {
    return (this.#disksLost.get(node) ?? 0) < DISKS_PER_NODE_MAX;
  }

  #replaceDisk(node: SimNode<P>, content: DiskContent): void {
    this.#disksLost.set(node, (this.#disksLost.get(node) ?? 0) + 1);
    this.#world.watcher.fault(`${node.peer}'s disk is ${content === EMPTY_DISK ? 'lost' : 'an old copy'}`);
    this.#world.replaceDisk(node, content);
  }

  #move(node: SimNode<P>): void {
    this.#world.move(node);
    this.#world.watcher.fault(`${node.peer} moves to ${node.address.host}`);
  }

  #pause(node: SimNode<P>): void {
    if (node.process === null || node.paused) return;
    this.#world.watcher.fault(`${node.peer} stands still`);
    node.pause();
    this.#afterwards(() => {
      this.#world.watcher.fault(`${node.peer} goes on`);
      node.resume();
    });
  }

  #setClock(node: SimNode<P>): void {
    const offsetMs = this.#random.pick([
      0,
      this.#random.between(-2_000, 2_000),
      this.#random.between(-60_000, 60_000),
      this.#random.between(-4, 4) * HOUR_MS,
      this.#random.between(-3, 3) * YEAR_MS,
    ]);
    this.#world.watcher.fault(`${node.peer}'s clock is set ${Math.round(offsetMs)} ms off`);
    node.clock.setWall(offsetMs);
  }

  #slowDisk(node: SimNode<P>): void {
    this.#world.watcher.fault(`${node.peer}'s disk is slow`);
    node.disk.setSlowness(this.#random.between(10, 100));
    this.#afterwards(() => node.disk.setSlowness(1));
  }

  /** What is broken is whole again after a while, or when all faults end. */
  #afterwards(undo: () => void): void {
    const { min, max } = this.#faults.lastsMs;
    this.#world.timeline.after(this.#random.between(min, max), () => {
      if (!this.#ended) undo();
    });
  }
}

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
