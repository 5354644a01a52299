// Readings come in at every machine, at rates drawn from the seed; who cannot store them loses nothing but the
// simulator's time. SPEC rules SM40, SM55.

import type { Random } from '../../kit/random.ts';
import type { OrderNode } from './node.ts';
import type { OrderWorld } from './world.ts';

export interface ProducerOptions {
  /** Between two batches of one machine. */
  readonly everyMs: { readonly min: number; readonly max: number };
  readonly recordsMax: number;
  /** One machine may be the only one that has anything to say. */
  readonly producers: number;
  readonly burstChance: number;
  readonly burstMax: number;
}

/** How often somebody reads where something comes in. */
const READ_CHANCE = 0.1;

export class Producers {
  readonly #world: OrderWorld;
  readonly #random: Random;
  readonly #options: ProducerOptions;
  #ended = false;
  batches = 0;

  constructor(world: OrderWorld, random: Random, options: ProducerOptions) {
    this.#world = world;
    this.#random = random;
    this.#options = options;
  }

  begin(): void {
    for (const node of this.#world.nodes.slice(0, this.#options.producers)) this.#later(node);
  }

  end(): void {
    this.#ended = true;
  }

  #later(node: OrderNode): void {
    const { everyMs } = this.#options;
    this.#world.timeline.after(this.#random.between(everyMs.min, everyMs.max), () => {
      if (this.#ended) return;
      const isBurst = this.#options.burstChance > 0 && this.#random.chance(this.#options.burstChance);
      const batches = isBurst ? 1 + this.#random.below(this.#options.burstMax) : 1;
      for (let batch = 0; batch < batches; batch++) {
        if (node.submit(1 + this.#random.below(this.#options.recordsMax))) this.batches++;
      }
      if (this.#random.chance(READ_CHANCE)) node.read();
      this.#later(node);
    });
  }
}

export function drawProducers(random: Random, nodes: number, bursts: boolean): ProducerOptions {
  return {
    everyMs: random.pick([
      { min: 20, max: 120 },
      { min: 100, max: 600 },
      { min: 300, max: 3_000 },
    ]),
    recordsMax: random.pick([1, 4, 100]),
    producers: random.chance(0.2) ? 1 : nodes,
    burstChance: bursts ? 0.02 : 0,
    burstMax: 100,
  };
}
