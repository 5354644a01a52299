// Lets the events of a plan happen to a world, and in the end takes them back. What an event does depends on nothing
// but itself and the world's state, so that leaving one out leaves the others as they were. SPEC rules SM43, SM44.

import { unreachable } from '../../kit/assert.ts';
import { Random } from '../../kit/random.ts';
import type { FaultEvent, FaultPlan } from './faults.ts';
import { OrderImage } from './image.ts';
import { changeMembership, mayLoseDisk } from './membership.ts';
import type { OrderNode } from './node.ts';
import { apart, bridge, type Cut, chain, deaf, mute, ring, split, star } from './partitions.ts';
import { Strangers } from './strangers.ts';
import type { OrderWorld } from './world.ts';

export class OrderChaos {
  readonly #world: OrderWorld;
  readonly #plan: FaultPlan;
  readonly #strangers: Strangers;
  readonly #backups = new Map<number, OrderImage>();
  #ended = false;

  constructor(world: OrderWorld, plan: FaultPlan) {
    this.#world = world;
    this.#plan = plan;
    this.#strangers = new Strangers(world);
  }

  begin(): void {
    for (const event of this.#plan.events) {
      this.#world.timeline.at(event.atMs, () => {
        if (!this.#ended) this.#strike(event);
      });
    }
  }

  /** Paths, disks and clocks are well again; who was up or is to be up runs, but not those `goneForGood`. */
  end(goneForGood: ReadonlySet<OrderNode>): void {
    const { nodes, watcher, timeline } = this.#world;
    this.#ended = true;
    watcher.fault('all faults end');
    this.#world.calm();
    for (const node of nodes) {
      node.clock.setRate(1, timeline.nowMs);
      node.spare();
      node.disk.setSlowness(1);
      node.disk.setStuck(false);
      node.disk.setFull(false);
      node.disk.settle();
      node.resume();
      if (goneForGood.has(node)) this.#world.crash(node, true);
      else if (!node.hasLeft) this.#world.start(node);
    }
  }

  #strike(event: FaultEvent): void {
    const { family } = event;
    const node = this.#node(event.a);
    switch (family) {
      case 'crash':
      case 'power':
        this.#restartAfter(event, node, family === 'crash', () => {});
        return;
      case 'mid-step':
        node.dieAfter(1 + Math.floor(event.unit * 8), () => this.#startLater(event, node));
        return;
      case 'blackout':
        this.#world.watcher.fault('the power fails everywhere');
        for (const each of this.#world.nodes) this.#restartAfter(event, each, false, () => {});
        return;
      case 'crash-loop':
        if (node.up) this.#crashLoop(event, node, 2 + Math.floor(event.unit * 5));
        return;
      case 'lost-disk':
      case 'lost-log':
      case 'lost-outbox':
      case 'backup':
      case 'rot':
        this.#disk(event, node);
        return;
      case 'swap':
        // Each host refuses the other's directory, and both stay down until somebody has put them right.
        this.#restartAfter(event, node, true, () => {});
        this.#restartAfter(event, this.#node(event.b), true, () => {});
        return;
      case 'slow-disk':
        this.#during(event, `${node.peer}'s disk is slow`, {
          begin: () => node.disk.setSlowness(5 + event.unit * 95),
          end: () => node.disk.setSlowness(1),
        });
        return;
      case 'stuck-disk':
        this.#during(event, `${node.peer}'s disk is stuck`, {
          begin: () => node.disk.setStuck(true),
          end: () => node.disk.setStuck(false),
        });
        return;
      case 'full-disk':
        this.#during(event, `${node.peer}'s disk is full`, {
          begin: () => node.disk.setFull(true),
          end: () => node.disk.setFull(false),
        });
        return;
      case 'sever':
        this.#world.watcher.fault(`the link of ${node.peer} and ${this.#node(event.b).peer} breaks`);
        if (event.a !== event.b) this.#world.links.sever(node.index, this.#node(event.b).index);
        return;
      case 'clog':
        this.#world.watcher.fault(`the path from ${node.peer} to ${this.#node(event.b).peer} is clogged`);
        this.#world.paths.clog(node.index, this.#node(event.b).index, event.lastsMs);
        return;
      case 'one-way':
      case 'partition':
      case 'deaf':
      case 'mute':
      case 'star':
      case 'chain':
      case 'bridge':
      case 'ring':
        this.#cut(event, this.#shape(event));
        return;
      case 'flap':
        this.#flap(event);
        return;
      case 'pause':
        this.#pause(event, node, event.lastsMs);
        return;
      case 'stutter':
        this.#stutter(event, node);
        return;
      case 'clock-drift':
        this.#world.watcher.fault(`${node.peer}'s clock drifts`);
        node.clock.setRate(0.9 + event.unit * 0.2, this.#world.timeline.nowMs);
        return;
      case 'clock-jump':
        this.#world.watcher.fault(`${node.peer}'s clock is set`);
        node.clock.setWall((event.unit - 0.5) * 2 * HOUR_MS);
        return;
      case 'join':
      case 'leave':
      case 'remove':
      case 'return':
      case 'transfer':
        changeMembership(this.#world, event, node);
        return;
      case 'strangers':
        this.#strangers.send(event, node);
        return;
      case 'lying-disk':
      case 'failing-disk':
        this.#spoil(event, node);
        return;
      case 'retain':
        for (const each of this.#world.nodes) this.#retain(event, each);
        return;
      default:
        unreachable(family);
    }
  }

  /** Only who leads acts on it. */
  #retain({ unit }: FaultEvent, node: OrderNode): void {
    const upto = node.commitIndex - Math.floor(unit * 30);
    if (upto > 0) node.deliver((machine, now, out) => machine.retain(upto, unit < 0.05, now, out));
  }

  #disk(event: FaultEvent, node: OrderNode): void {
    if (!mayLoseDisk(this.#world, node)) return;
    switch (event.family) {
      case 'lost-disk':
        this.#restartAfter(event, node, true, () =>
          this.#world.replaceDisk(node, new OrderImage(), 'is lost'),
        );
        return;
      case 'lost-log':
        this.#restartAfter(event, node, true, () => this.#world.loseLog(node));
        return;
      case 'lost-outbox':
        this.#restartAfter(event, node, true, () => this.#world.loseOutbox(node));
        return;
      case 'backup': {
        const backup = this.#backups.get(node.index);
        if (backup === undefined || event.unit < 0.4) this.#backups.set(node.index, node.image.copy());
        else this.#restartAfter(event, node, true, () => this.#world.restoreBackup(node, backup));
        return;
      }
      default:
        this.#restartAfter(event, node, false, () => node.rot(event.unit));
    }
  }

  /** What such a disk forgets counts as lost from here on. */
  #spoil(event: FaultEvent, node: OrderNode): void {
    if (node.disk.kind !== 'bytes' || !node.up || !mayLoseDisk(this.#world, node)) return;
    if (event.family === 'failing-disk') {
      this.#world.watcher.fault(`${node.peer}'s disk will refuse a sync`);
      node.disk.failNext();
      this.#startLater(event, node);
      return;
    }
    this.#during(event, `${node.peer}'s disk lies`, {
      begin: () => node.disk.setLying(true),
      end: () => {
        node.disk.setLying(false);
        this.#restartAfter(event, node, false, () => {});
      },
    });
  }

  #shape(event: FaultEvent): readonly Cut[] {
    const nodes = this.#world.nodes.length;
    const a = this.#node(event.a).index;
    switch (event.family) {
      case 'one-way':
        return event.a === event.b ? [] : [[a, this.#node(event.b).index]];
      case 'partition':
        return event.unit < 0.2
          ? apart(nodes, [a])
          : split(nodes, new Random(Math.floor(event.unit * 2 ** 32)));
      case 'deaf':
        return deaf(nodes, a);
      case 'mute':
        return mute(nodes, a);
      case 'star':
        return star(nodes, a);
      case 'chain':
        return chain(nodes, a);
      case 'bridge':
        return bridge(nodes, a);
      default:
        return ring(nodes);
    }
  }

  #cut(event: FaultEvent, cuts: readonly Cut[]): void {
    const text = cuts.length > 12 ? `${cuts.length} paths` : cuts.map(([a, b]) => this.#path(a, b)).join(' ');
    this.#during(event, `${event.family}: cut are ${text}`, {
      begin: () => {
        for (const [from, to] of cuts) this.#world.paths.cut(from, to);
      },
      end: () => {
        for (const [from, to] of cuts) this.#world.paths.mend(from, to);
      },
    });
  }

  /** With a period near one of the protocol's own, which is where a flap hurts most. */
  #flap(event: FaultEvent): void {
    const { timings, nodes, timeline } = this.#world;
    const a = this.#node(event.a).index;
    const b = this.#node(event.b).index;
    const cuts = a === b ? apart(nodes.length, [a]) : both(a, b);
    const near = event.unit < 0.5 ? timings.suspectMs : timings.okMs;
    const periodMs = near * (0.8 + 0.4 * ((event.unit * 2) % 1));
    const untilMs = timeline.nowMs + Math.max(event.lastsMs, 4 * periodMs);
    const turn = (): void => {
      if (this.#ended || timeline.nowMs >= untilMs) return;
      this.#cut({ ...event, lastsMs: periodMs / 2 }, cuts);
      timeline.after(periodMs, turn);
    };
    turn();
  }

  #pause(event: FaultEvent, node: OrderNode, forMs: number): void {
    if (!node.up || node.paused) return;
    this.#during({ ...event, lastsMs: forMs }, `${node.peer} stands still`, {
      begin: () => node.pause(),
      end: () => node.resume(),
    });
  }

  #stutter(event: FaultEvent, node: OrderNode): void {
    for (let stop = 0; stop < STUTTERS; stop++) {
      this.#world.timeline.after(stop * 1_000, () => {
        if (!this.#ended) this.#pause(event, node, 50 + event.unit * 300);
      });
    }
  }

  #crashLoop(event: FaultEvent, node: OrderNode, times: number): void {
    if (times === 0 || this.#ended) return;
    this.#world.crash(node, true);
    this.#world.timeline.after(20 + event.unit * 400, () => {
      if (this.#ended || node.hasLeft) return;
      this.#world.start(node);
      this.#world.timeline.after(30 + event.unit * 900, () => this.#crashLoop(event, node, times - 1));
    });
  }

  #restartAfter(event: FaultEvent, node: OrderNode, powered: boolean, meanwhile: () => void): void {
    if (!node.up) return;
    this.#world.crash(node, powered);
    meanwhile();
    this.#startLater(event, node);
  }

  #startLater(event: FaultEvent, node: OrderNode): void {
    this.#world.timeline.after(event.lastsMs * (0.5 + event.unit / 2), () => {
      if (!this.#ended && !node.hasLeft) this.#world.start(node);
    });
  }

  #during(event: FaultEvent, what: string, { begin, end }: { begin: () => void; end: () => void }): void {
    this.#world.watcher.fault(what);
    begin();
    this.#world.timeline.after(event.lastsMs, () => {
      if (this.#ended) return;
      this.#world.watcher.fault(`over: ${what}`);
      end();
    });
  }

  #node(index: number): OrderNode {
    return this.#world.node(index % this.#world.nodes.length);
  }

  #path(from: number, to: number): string {
    return `${this.#node(from).peer}>${this.#node(to).peer}`;
  }
}

const HOUR_MS = 3_600_000;
const STUTTERS = 5;

function both(a: number, b: number): readonly Cut[] {
  return [
    [a, b],
    [b, a],
  ];
}
