// A scripted run of the order: somebody decides each step. Named regressions and the broken variants of the protocol
// are such scripts; whether they went well the checkers say. SPEC rules SM45, SM68.

import { must } from '../../kit/assert.ts';
import type { OrderingMessage } from '../../wire/ordering-messages.ts';
import { type Problem, peerName } from '../world.ts';
import type { FileName } from './disk-port.ts';
import type { Gate } from './links.ts';
import type { Mutation } from './mutations.ts';
import type { OrderNode } from './node.ts';
import { apart } from './partitions.ts';
import { CALM_STAGE, OrderStage, type StageOptions } from './stage.ts';

export type ScriptOptions = Partial<Omit<StageOptions, 'seed' | 'story' | 'mutation'>> & {
  readonly nodes: number;
};

export type Play = (script: Script) => void;

/** A script and the world it is played in. */
export interface Scripted {
  readonly options: ScriptOptions;
  readonly play: Play;
}

export interface Played {
  readonly problems: readonly Problem[];
  readonly story: readonly string[];
  readonly virtualMs: number;
}

/** Plays it once: with `mutation` as those peers would that are broken so. */
export function played({ options, play }: Scripted, mutation: Mutation | null, story = false): Played {
  const { nodes } = options;
  const stage = new OrderStage({ ...CALM_STAGE, voters: nodes, ...options, seed: 1, mutation, story });
  try {
    play(new Script(stage));
  } catch (error) {
    if (!(error instanceof ScriptEnded)) throw error;
  }
  return { problems: stage.problems, story: stage.trace.story, virtualMs: stage.world.timeline.nowMs };
}

/** Thrown when the run is over because something is wrong: what follows would only confuse. */
class ScriptEnded extends Error {
  override readonly name = 'ScriptEnded';
}

export class Script {
  readonly stage: OrderStage;

  constructor(stage: OrderStage) {
    this.stage = stage;
  }

  get nodes(): readonly OrderNode[] {
    return this.stage.world.nodes;
  }

  /** By its name: ann, bob, cat, dan, eve. */
  node(name: string): OrderNode {
    return must(
      this.nodes.find(({ index }) => peerName(index) === name),
      `${name} is in the world`,
    );
  }

  get leader(): OrderNode | null {
    return this.stage.leader;
  }

  startAll(): void {
    for (const node of this.nodes) this.stage.world.start(node);
  }

  /** All start, and `name` leads and knows how the others are: it is handed the lead if another was faster. */
  begin(name: string): OrderNode {
    this.startAll();
    for (let turn = 0; turn < 10; turn++) {
      const first = this.untilSomeLeads(this.nodes.map(({ peer }) => peer));
      this.run(200);
      if (first === this.node(name)) return first;
      first.command({ kind: 'transfer', to: this.node(name).peer });
      this.run(200);
    }
    return this.untilLeads(name, 1);
  }

  run(forMs: number): void {
    this.stage.world.runFor(forMs);
    this.#endIfWrong();
  }

  /** Runs until it is so; that it never becomes so is a problem. */
  until(what: string, isSo: () => boolean, withinMs = 10_000): void {
    const came = this.stage.world.runUntilSo(isSo, withinMs);
    this.#endIfWrong();
    if (!came) this.fail(`${what}: not within ${withinMs} ms`);
  }

  untilLeads(name: string, withinMs = 10_000): OrderNode {
    const node = this.node(name);
    this.until(`${name} leads`, () => node.leads !== null && this.#hasOwn(node), withinMs);
    return node;
  }

  untilSomeLeads(names: readonly string[], withinMs = 10_000): OrderNode {
    const leading = (): OrderNode | undefined =>
      names.map((name) => this.node(name)).find((node) => node.leads !== null && this.#hasOwn(node));
    this.until(`one of ${names.join(' ')} leads`, () => leading() !== undefined, withinMs);
    return must(leading(), 'somebody leads');
  }

  /** Records come in at a machine, in one batch. */
  submit(name: string, records = 1): void {
    this.node(name).submit(records);
  }

  /** They come in, and are committed. */
  commit(name: string, records = 1): void {
    const node = this.node(name);
    this.submit(name, records);
    const { lastN } = node;
    this.until(`${name}'s ${lastN} are committed`, () => this.orderedN(name) >= lastN);
  }

  orderedN(name: string): number {
    const node = this.node(name);
    return this.stage.order.ordered(node.group, node.peer, node.identity)?.lastN ?? 0;
  }

  /** Every machine that runs knows all of it committed and has it on its disk. */
  untilAllAgree(names: readonly string[] = this.nodes.filter(({ up }) => up).map(({ peer }) => peer)): void {
    this.until('all agree', () => {
      const last = this.stage.truth.of(this.leader?.group ?? null).last;
      return names.every((name) => {
        const node = this.node(name);
        return node.commitIndex === last && node.image.log.last >= last;
      });
    });
  }

  /** Those named see each other, and nobody else sees them. */
  isolate(...names: readonly string[]): void {
    const side = names.map((name) => this.node(name).index);
    for (const [from, to] of apart(this.nodes.length, side)) this.stage.world.paths.cut(from, to);
  }

  cut(from: string, to: string): void {
    this.stage.world.paths.cut(this.node(from).index, this.node(to).index);
  }

  /** Neither hears the other. */
  cutBoth(a: string, b: string): void {
    this.cut(a, b);
    this.cut(b, a);
  }

  heal(): void {
    this.stage.world.paths.mendAll();
  }

  /** Looks at each frame before it sets out; `null`: no more. */
  gate(gate: ((from: string, to: string, message: OrderingMessage) => ReturnType<Gate>) | null): void {
    this.stage.world.links.gate =
      gate === null ? null : (from, to, message) => gate(peerName(from), peerName(to), message);
  }

  release(): void {
    this.stage.world.links.releaseHeld();
  }

  stick(name: string, ...files: readonly FileName[]): void {
    this.node(name).disk.setStuck(true, files.length === 0 ? undefined : files);
  }

  loosen(name: string): void {
    this.node(name).disk.setStuck(false);
  }

  crash(...names: readonly string[]): void {
    for (const name of names) this.stage.world.crash(this.node(name), true);
  }

  start(...names: readonly string[]): void {
    for (const name of names) this.stage.world.start(this.node(name));
  }

  /** What `from` might have said, or might have said long ago. */
  tell(to: string, from: string, message: OrderingMessage): void {
    this.node(to).receive(this.node(from), message);
    this.#endIfWrong();
  }

  expect(what: string, isSo: boolean): void {
    if (!isSo) this.fail(what);
  }

  /** The peer has found out, as it should: the run ends here, and only another complaint is one. */
  expectOnly(checker: string): void {
    const others = this.stage.problems.filter((problem) => problem.checker !== checker);
    if (others.length === 0) this.stage.world.problems.length = 0;
    throw new ScriptEnded();
  }

  fail(what: string): never {
    this.stage.world.problem('the script goes as it should', null, what);
    throw new ScriptEnded();
  }

  #hasOwn(node: OrderNode): boolean {
    const last = node.asked.at(node.commitIndex);
    return node.leads !== null && last?.ballot.round === node.leads.round && last.ballot.peer === node.peer;
  }

  #endIfWrong(): void {
    if (this.stage.problems.length > 0) throw new ScriptEnded();
  }
}
