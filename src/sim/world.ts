// The simulated world: machines, the network between them and virtual time. It runs what is given to it and
// decides nothing; what happens to it comes from a scenario. SPEC rules SM1, SM2.

import { must } from '../kit/assert.ts';
import { Random } from '../kit/random.ts';
import type { Address } from '../model/address.ts';
import type { HardState, Recovered } from '../model/durable.ts';
import { type PeerId, parsePeerId } from '../model/ids.ts';
import type { Now } from '../model/time.ts';
import { type DiskContent, type DiskOptions, SimDisk } from './disk.ts';
import { Network, type NetworkOptions } from './network.ts';
import { type NodeWorld, type Process, SimNode } from './node.ts';
import { type PathOptions, Paths } from './paths.ts';
import { Timeline } from './timeline.ts';
import type { Place } from './watcher.ts';
import { Watchers } from './watchers.ts';

export interface WorldOptions<P> {
  readonly seed: number;
  readonly nodes: number;
  readonly paths: PathOptions;
  readonly network: NetworkOptions;
  readonly disk: DiskOptions;
  readonly boot: (boot: Boot) => P;
}

/** What a process is made of. */
export interface Boot {
  readonly index: number;
  readonly peer: PeerId;
  readonly address: Address;
  readonly recovered: Recovered;
  readonly random: Random;
  readonly now: Now;
}

/** Something that must not be. */
export interface Problem {
  readonly checker: string;
  readonly atMs: number;
  /** Null for what concerns no single peer. */
  readonly peer: PeerId | null;
  readonly what: string;
}

export class World<P extends Process> implements NodeWorld {
  readonly timeline = new Timeline();
  readonly network: Network;
  readonly paths: Paths;
  readonly watcher = new Watchers();
  readonly nodes: readonly SimNode<P>[];
  readonly problems: Problem[] = [];
  readonly #boot: (boot: Boot) => P;
  readonly #identities: Random;
  readonly #processes: Random;
  #moves = 0;

  constructor(options: WorldOptions<P>) {
    const random = new Random(options.seed);
    this.#boot = options.boot;
    this.#identities = random.fork();
    this.#processes = random.fork();
    this.paths = new Paths(options.nodes, random.fork(), options.paths, () => this.timeline.nowMs);
    this.network = new Network(this.timeline, random.fork(), this.paths, options.network);
    this.nodes = Array.from({ length: options.nodes }, (_, index) => {
      const disk: SimDisk = new SimDisk(this.timeline, random.fork(), options.disk, (write) =>
        this.watcher.durable(this.node(index), write),
      );
      const peer = peerName(index);
      const node = new SimNode<P>(index, peer, { host: peer, port: 9000 }, disk, this);
      this.network.listen(node);
      return node;
    });
  }

  node(index: number): SimNode<P> {
    return must(this.nodes[index], 'the node exists');
  }

  start(node: SimNode<P>): void {
    if (node.process !== null) return;
    const recovered = node.disk.recover(() => this.#freshHardState());
    const random = this.#processes.fork();
    const { index, peer, address } = node;
    const instance = hex(random);
    node.start(
      () => this.#boot({ index, peer, address, recovered, random, now: node.now() }),
      recovered,
      instance,
    );
  }

  /** The process ends without a word. `powered`: its system closes the connections. */
  crash(node: SimNode<P>, powered: boolean): void {
    node.stop(powered);
  }

  /** The machine is elsewhere from here on. */
  move(node: SimNode<P>): void {
    this.#moves++;
    node.move({ host: `${node.peer}-${this.#moves}`, port: 9000 });
  }

  /** While no process runs, the disk becomes another: a backup's copy, or an empty one. */
  replaceDisk(node: SimNode<P>, content: DiskContent): void {
    node.disk.restore(content);
    this.watcher.diskReplaced(node, content);
  }

  problem(checker: string, at: Place | null, what: string): void {
    this.problems.push({ checker, atMs: this.timeline.nowMs, peer: at?.peer ?? null, what });
  }

  /** Runs until then, or until something is wrong. */
  runUntil(untilMs: number): void {
    while (this.problems.length === 0 && this.timeline.step(untilMs)) {}
  }

  #freshHardState(): HardState {
    return { identity: { birth: 1, random: hex(this.#identities) }, incarnation: 0 };
  }
}

/** ann, bob, cat, dan …, then n26, n27 …: in the order of their index up to 26 nodes. */
export function peerName(index: number): PeerId {
  const parsed = parsePeerId(NAMES[index] ?? `n${index}`);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

const NAMES = (
  'ann bob cat dan eve fay gus hal ivy jim kay leo may ned oda pam ' +
  'quin ray sue tom uma vic wes xia yve zoe'
).split(' ');

function hex(random: Random): string {
  const word = () => random.u32().toString(16).padStart(8, '0');
  return word() + word();
}
