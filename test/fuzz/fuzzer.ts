// Fuzzing one decoder: inputs are spoilt, and those that make the decoder say something it has not said before are kept to
// be spoilt further, so that it is led into its corners. What breaks the promise of AC13 is an exception, or an answer that
// takes longer than any input of this size may. SPEC rule AC13.

import { Random } from '../../src/kit/random.ts';
import { spoil } from './mutator.ts';

export interface Target {
  readonly name: string;
  /** Sound inputs to begin with. */
  readonly seeds: readonly Uint8Array[];
  /** What the format is made of. */
  readonly words: readonly Uint8Array[];
  /** Says in few words what came of it; throws where a promise is broken. */
  decode(bytes: Uint8Array): string;
}

export class Broken extends Error {
  override readonly name = 'Broken';
}

const INTERESTING_MAX = 512;
const OUTCOME_LENGTH = 80;

export class Fuzzer {
  readonly #target: Target;
  readonly #random: Random;
  readonly #answerMsMax: number;
  readonly #inputs: Uint8Array[];
  readonly #outcomes = new Set<string>();
  runs = 0;
  slowestMs = 0;
  /** Inputs that were led to, by what they brought about. */
  readonly found = new Map<string, Uint8Array>();

  constructor(target: Target, corpus: readonly Uint8Array[], seed: number, answerMsMax: number) {
    this.#target = target;
    this.#random = new Random(seed);
    this.#answerMsMax = answerMsMax;
    this.#inputs = [...target.seeds, ...corpus];
    for (const input of this.#inputs) this.#outcomes.add(this.#decode(input));
  }

  get outcomes(): number {
    return this.#outcomes.size;
  }

  /** Throws `Broken`, with the input, at the first promise that is broken. */
  run(times: number): void {
    for (let time = 0; time < times; time++) {
      const input = spoil(this.#random, this.#any(), this.#any(), this.#target.words);
      const outcome = this.#decode(input);
      if (this.#outcomes.has(outcome) || this.#outcomes.size >= INTERESTING_MAX) continue;
      this.#outcomes.add(outcome);
      this.#inputs.push(input);
      this.found.set(outcome, input);
    }
  }

  #any(): Uint8Array {
    return this.#inputs[this.#random.below(this.#inputs.length)] ?? new Uint8Array(0);
  }

  #decode(input: Uint8Array): string {
    this.runs++;
    const startMs = workedMs();
    try {
      return outcomeOf(this.#target.decode(Uint8Array.from(input)));
    } catch (cause) {
      throw new Broken(`${this.#target.name} threw on ${hexOf(input)}: ${String(cause)}`, { cause });
    } finally {
      const tookMs = workedMs() - startMs;
      this.slowestMs = Math.max(this.slowestMs, tookMs);
      if (tookMs > this.#answerMsMax) {
        // biome-ignore lint/correctness/noUnsafeFinally: what took too long is wrong, whatever came of it
        throw new Broken(`${this.#target.name} took ${Math.round(tookMs)} ms for ${hexOf(input)}`);
      }
    }
  }
}

/** Of this process alone: other work on the machine makes no decoder slow. */
function workedMs(): number {
  return process.cpuUsage().user / 1_000;
}

/** Numbers and what was quoted of the input make no outcome of its own. */
function outcomeOf(said: string): string {
  return said
    .replaceAll(/"(?:[^"\\]|\\.)*"?/g, '"')
    .replaceAll(/\d+/g, '0')
    .slice(0, OUTCOME_LENGTH);
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}
