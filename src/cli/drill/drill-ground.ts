// A local cluster that may be hurt: which of its nodes run, stand still or are gone, who is cut off from whom, and who
// sends late. What a node forgets when it ends is told to it again when it comes back. SPEC rule CL30.

import { join } from 'node:path';
import { askNode } from '../../control/control-client.ts';
import type { ControlRequest } from '../../control/request.ts';
import { parsePeerId } from '../../model/ids.ts';
import type { LocalCluster } from '../cluster/local-cluster.ts';
import { Failure } from '../failure.ts';
import type { DrilledNode, NodeState } from './desk-state.ts';

export class DrillGround {
  readonly cluster: LocalCluster;
  readonly #directory: string;
  readonly #paused = new Set<string>();
  readonly #starting = new Set<string>();
  readonly #delaysMs = new Map<string, number>();
  /** Those who hear nothing of the others; nobody is cut off when it is empty. */
  #side: readonly string[] = [];

  constructor(cluster: LocalCluster, directory: string) {
    this.cluster = cluster;
    this.#directory = directory;
  }

  get ids(): readonly string[] {
    return this.cluster.plans.map(({ id }) => id);
  }

  get side(): readonly string[] {
    return this.#side;
  }

  nodes(): readonly DrilledNode[] {
    return this.ids.map((id) => ({ id, state: this.stateOf(id), delayMs: this.#delaysMs.get(id) ?? 0 }));
  }

  stateOf(node: string): NodeState {
    if (this.#starting.has(node)) return 'starting';
    if (!this.cluster.isRunning(node)) return 'stopped';
    return this.#paused.has(node) ? 'paused' : 'running';
  }

  /** `kill -9`; resolves when the process is gone. */
  async kill(node: string): Promise<void> {
    this.#demand(node, 'running', 'paused');
    this.#paused.delete(node);
    const gone = this.cluster.gone(node);
    this.cluster.signal(node, 'SIGKILL');
    await gone;
  }

  /** A goodbye in order. */
  async stop(node: string): Promise<void> {
    this.#demand(node, 'running');
    const gone = this.cluster.gone(node);
    this.cluster.signal(node, 'SIGTERM');
    await gone;
  }

  pause(node: string): void {
    this.#demand(node, 'running');
    this.#paused.add(node);
    this.cluster.signal(node, 'SIGSTOP');
  }

  async resume(node: string): Promise<void> {
    this.#demand(node, 'paused');
    this.#wake(node);
    await this.#tell(node);
  }

  async start(node: string): Promise<void> {
    this.#demand(node, 'stopped');
    this.#starting.add(node);
    try {
      await this.cluster.restart(node);
    } finally {
      this.#starting.delete(node);
    }
    await this.#tell(node);
  }

  /** These on one side, all others on the other. */
  async cut(side: readonly string[]): Promise<void> {
    for (const node of side) this.#demandKnown(node);
    this.#side = [...new Set(side)];
    await this.#tellAll();
  }

  async slow(node: string, delayMs: number): Promise<void> {
    this.#demandKnown(node);
    this.#delaysMs.set(node, delayMs);
    await this.#tell(node);
  }

  /** Whatever was done to it is undone; resolves when every node runs. */
  async restore(): Promise<void> {
    this.#side = [];
    this.#delaysMs.clear();
    for (const node of this.#paused) this.#wake(node);
    const stopped = this.ids.filter((node) => this.stateOf(node) === 'stopped');
    await Promise.all([...stopped.map((node) => this.start(node)), this.#tellAll()]);
  }

  /** Who stands still would not hear that it is asked to end. */
  wakeAll(): void {
    for (const node of this.#paused) this.#wake(node);
  }

  #wake(node: string): void {
    this.#paused.delete(node);
    this.cluster.signal(node, 'SIGCONT');
  }

  async #tellAll(): Promise<void> {
    await Promise.all(this.ids.map((node) => this.#tell(node)));
  }

  /** What is cut off from this node, and how late it sends; one that does not run is told when it does. */
  async #tell(node: string): Promise<void> {
    if (this.stateOf(node) !== 'running') return;
    const isIn = this.#side.includes(node);
    const others = this.#side.length === 0 ? [] : this.ids.filter((id) => this.#side.includes(id) !== isIn);
    const peers = others.flatMap((other) => {
      const peer = parsePeerId(other);
      return peer.ok ? [peer.value] : [];
    });
    await this.#ask(node, { act: 'cut', peers });
    await this.#ask(node, { act: 'slow', delayMs: this.#delaysMs.get(node) ?? 0 });
  }

  async #ask(node: string, request: ControlRequest): Promise<void> {
    const answer = await askNode(join(this.#directory, node, 'control.sock'), request);
    if (!answer.ok) throw new Failure(`${node}: ${answer.problem}`);
  }

  #demandKnown(node: string): void {
    if (!this.ids.includes(node)) {
      throw new Failure(`there is no node ${JSON.stringify(node)} here; there are ${this.ids.join(', ')}`);
    }
  }

  #demand(node: string, ...states: readonly NodeState[]): void {
    this.#demandKnown(node);
    const state = this.stateOf(node);
    if (!states.includes(state))
      throw new Failure(`${node} is ${state}, which must be ${states.join(' or ')}`);
  }
}
