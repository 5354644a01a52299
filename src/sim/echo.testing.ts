// A process for tests of the simulator itself: it remembers its inputs, and does what a test tells it to.

import type { Address } from '../model/address.ts';
import type { PeerId } from '../model/ids.ts';
import { NEVER, type Now } from '../model/time.ts';
import type { Input, PeerOutbox } from '../peer/port.ts';
import type { Message } from '../wire/messages.ts';
import type { Process } from './node.ts';
import { type Boot, peerName, World, type WorldOptions } from './world.ts';

export class EchoProcess implements Process {
  readonly boot: Boot;
  readonly inputs: { readonly input: Input; readonly now: Now }[] = [];
  readonly #world: () => World<EchoProcess>;
  wakeAt = NEVER;
  out: PeerOutbox | null = null;

  constructor(boot: Boot, world: () => World<EchoProcess>) {
    this.boot = boot;
    this.#world = world;
  }

  start(out: PeerOutbox): void {
    const { identity, incarnation } = this.boot.recovered.hardState;
    out.saveHardState({ identity, incarnation: incarnation + 1 });
  }

  handle(input: Input, now: Now, out: PeerOutbox): void {
    this.out = out;
    this.inputs.push({ input, now });
    if (input.type === 'wake') this.wakeAt = NEVER;
    if (input.type === 'submit') {
      const { identity } = this.boot.recovered.hardState;
      const records = input.readings.map(({ sensor, value }) => {
        return {
          kind: 'reading',
          n: input.ticket,
          sensor,
          value,
          tsMs: 0,
          ingestTsMs: 0,
          lwwTsMs: 0,
        } as const;
      });
      out.append({ identity, records });
    }
  }

  addressOf(peer: PeerId): Address | null {
    return this.#world().nodes.find((node) => node.peer === peer)?.address ?? null;
  }

  types(): string[] {
    return this.inputs.map(({ input }) => input.type);
  }

  nonces(): number[] {
    return this.inputs.flatMap(({ input }) => {
      return input.type === 'received' && input.message.type === 'PING' ? [input.message.nonce] : [];
    });
  }
}

/** Echo processes on a calm network, all started and open. */
export function echoWorld(
  nodes: number,
  changes: Partial<WorldOptions<EchoProcess>> = {},
): World<EchoProcess> {
  const world: World<EchoProcess> = new World<EchoProcess>({
    seed: 1,
    nodes,
    paths: CALM,
    network: {
      dialTimeoutMs: 1_000,
      dialPauseMs: { min: 50, max: 2_000 },
      silenceMs: { min: 5_000, max: 5_000 },
      waitingFramesMax: 8,
      carry: (_from, message) => message,
    },
    disk: { syncMs: { min: 5, max: 5 } },
    boot: (boot) => new EchoProcess(boot, () => world),
    ...changes,
  });
  for (const node of world.nodes) world.start(node);
  world.runUntil(10);
  return world;
}

export const CALM = {
  latencyMs: { min: 10, max: 10 },
  jitter: 0,
  spikeChance: 0,
  spikeMs: 0,
  lossChance: 0,
  duplicateChance: 0,
};

export function ping(nonce: number): Message {
  return { type: 'PING', nonce, wallMs: 0, rumours: [] };
}

export const [ann, bob] = [peerName(0), peerName(1), peerName(2)] as const;
