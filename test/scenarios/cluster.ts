// A simulated cluster in the hands of one scenario: calm unless the scenario says otherwise, and watched by all
// checkers.

import { expect } from 'vitest';
import { must } from '../../src/kit/assert.ts';
import type { Fact } from '../../src/model/fact.ts';
import { type PeerId, parseSensorId, type SensorId } from '../../src/model/ids.ts';
import type { Reading, Value } from '../../src/model/reading.ts';
import type { Channel } from '../../src/protocol/outbox.ts';
import { EPOCH_MS } from '../../src/sim/clock.ts';
import type { SimNode } from '../../src/sim/node.ts';
import type { PeerProcess } from '../../src/sim/process.ts';
import { Scenario } from '../../src/sim/scenario.ts';
import { type Place, Watcher } from '../../src/sim/watcher.ts';
import type { Message } from '../../src/wire/messages.ts';

export type Node = SimNode<PeerProcess>;

export class Cluster {
  readonly scenario: Scenario;
  readonly heard = new Heard();
  #serial = 0;

  constructor(nodes: number, seed = 1) {
    const calm = {
      virtualMs: 0,
      faults: 'none',
      codec: true,
      story: true,
      mutation: null,
      order: 'off',
    } as const;
    this.scenario = new Scenario({ seed, nodes, ...calm });
    this.scenario.world.watcher.add(this.heard);
  }

  get nodes(): readonly Node[] {
    return this.scenario.world.nodes;
  }

  get nowMs(): number {
    return this.scenario.world.timeline.nowMs;
  }

  node(index: number): Node {
    return this.scenario.world.node(index);
  }

  /** All start, or those given, and find one another. */
  start(nodes: readonly Node[] = this.nodes): void {
    for (const node of nodes) this.scenario.world.start(node);
    this.run(5);
  }

  run(seconds: number): void {
    this.scenario.world.runUntil(this.nowMs + seconds * 1_000);
    expect(this.scenario.world.problems).toEqual([]);
  }

  /** Until all agree, within so long, and then on for a while. */
  settle(withinSeconds: number): void {
    this.scenario.settle(withinSeconds * 1_000);
    expect(this.scenario.world.problems).toEqual([]);
  }

  crash(node: Node): void {
    this.scenario.world.crash(node, true);
  }

  restart(node: Node): void {
    this.scenario.world.start(node);
  }

  /** Cuts each path between the two groups, both ways. Gives what heals it. */
  partition(here: readonly Node[], there: readonly Node[]): () => void {
    const { paths } = this.scenario.world;
    const pairs = here.flatMap((a) => there.map((b) => [a.index, b.index] as const));
    for (const [a, b] of pairs) {
      paths.cut(a, b);
      paths.cut(b, a);
    }
    return () => {
      for (const [a, b] of pairs) {
        paths.mend(a, b);
        paths.mend(b, a);
      }
    };
  }

  /** A reading with a value of its own, at the true time unless told otherwise. Gives its value. */
  read(node: Node, sensor: string, reading: Partial<Reading> = {}): number {
    const value = ++this.#serial;
    const tsMs = Math.floor(EPOCH_MS + this.nowMs);
    node.submit([{ tsMs, ...reading, sensor: sensorOf(sensor), value }]);
    return value;
  }

  /** What each running node shows, by its peer. */
  shown(sensor: string): { readonly [peer: string]: Value | undefined } {
    const running = this.nodes.filter((node) => node.process !== null);
    return Object.fromEntries(
      running.map((node) => {
        const latest = node.process?.peer.replication.latestOf(sensorOf(sensor));
        return [node.peer, latest?.record.value];
      }),
    );
  }

  /** Fails unless every running node shows this value. */
  expectShown(sensor: string, value: number): void {
    expect(new Set(Object.values(this.shown(sensor)))).toEqual(new Set([value]));
  }

  /** What `node` takes each other one for. */
  statuses(node: Node): { readonly [peer: string]: string } {
    const members = must(node.process, 'the node runs').peer.membership.view(node.now());
    return Object.fromEntries(members.filter(({ self }) => !self).map(({ peer, status }) => [peer, status]));
  }
}

/** Facts and messages since the last `forget`. */
export class Heard extends Watcher {
  #facts: { readonly at: PeerId; readonly fact: Fact }[] = [];
  #sent: { readonly from: PeerId; readonly to: PeerId; readonly message: Message }[] = [];

  override announced(at: Place, fact: Fact): void {
    if (fact.type !== 'stored' && fact.type !== 'registers-changed') this.#facts.push({ at: at.peer, fact });
  }

  override sent(at: Place, to: PeerId, message: Message, _channel: Channel): void {
    this.#sent.push({ from: at.peer, to, message });
  }

  forget(): void {
    this.#facts = [];
    this.#sent = [];
  }

  facts<T extends Fact['type']>(type: T): { at: PeerId; fact: Extract<Fact, { type: T }> }[] {
    return this.#facts.flatMap(({ at, fact }) => (isFact(fact, type) ? [{ at, fact }] : []));
  }

  sentTo(peer: PeerId): readonly Message[] {
    return this.#sent.filter(({ to }) => to === peer).map(({ message }) => message);
  }

  count(type: Message['type']): number {
    return this.#sent.filter(({ message }) => message.type === type).length;
  }
}

function isFact<T extends Fact['type']>(fact: Fact, type: T): fact is Extract<Fact, { type: T }> {
  return fact.type === type;
}

export function sensorOf(text: string): SensorId {
  const parsed = parseSensorId(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}
