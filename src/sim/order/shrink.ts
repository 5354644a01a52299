// Makes a failed seed short: fewer events, less time, fewer machines, as long as the same checker still complains
// (delta debugging, Zeller 2002). SPEC rule SM44.

import type { OrderResult, OrderScenarioOptions } from './scenario.ts';
import { runOrderScenario } from './scenario.ts';

/** Runs that a shrink may cost. */
const RUNS_MAX = 400;

export interface Shrunk {
  readonly options: OrderScenarioOptions;
  readonly result: OrderResult;
  readonly runs: number;
}

export function shrink(failed: OrderScenarioOptions): Shrunk | null {
  const first = runOrderScenario({ ...failed, story: false });
  const checker = first.problems[0]?.checker;
  if (checker === undefined) return null;
  return new Shrinker(checker, { ...failed, story: false }, first).run();
}

class Shrinker {
  readonly #checker: string;
  #options: OrderScenarioOptions;
  #result: OrderResult;
  #runs = 1;

  constructor(checker: string, options: OrderScenarioOptions, result: OrderResult) {
    this.#checker = checker;
    this.#options = options;
    this.#result = result;
  }

  run(): Shrunk {
    this.#cutTime();
    this.#dropFamilies();
    this.#dropEvents();
    this.#cutTime();
    return { options: this.#options, result: this.#result, runs: this.#runs };
  }

  /** Nothing that happens after the complaint matters; a shorter run draws the same events, only fewer. */
  #cutTime(): void {
    const events = this.#result.plan.events;
    const atMs = this.#result.problems[0]?.atMs ?? this.#options.virtualMs;
    if (atMs < this.#options.virtualMs) {
      this.#try({
        ...this.#options,
        only: new Set(events.filter((event) => event.atMs <= atMs).map(({ id }) => id)),
      });
    }
  }

  #dropFamilies(): void {
    const families = new Set(this.#result.plan.events.map(({ family }) => family));
    for (const family of families) {
      const rest = this.#result.plan.events.filter((event) => event.family !== family);
      this.#try({ ...this.#options, only: new Set(rest.map(({ id }) => id)) });
    }
  }

  /** Halves, then quarters, down to single events. */
  #dropEvents(): void {
    let size = Math.ceil(this.#result.plan.events.length / 2);
    while (size >= 1 && this.#runs < RUNS_MAX) {
      let at = 0;
      while (at < this.#result.plan.events.length && this.#runs < RUNS_MAX) {
        const { events } = this.#result.plan;
        const rest = [...events.slice(0, at), ...events.slice(at + size)];
        if (!this.#try({ ...this.#options, only: new Set(rest.map(({ id }) => id)) })) at += size;
      }
      if (size === 1) return;
      size = Math.ceil(size / 2);
    }
  }

  #try(options: OrderScenarioOptions): boolean {
    if (this.#runs >= RUNS_MAX) return false;
    this.#runs++;
    const result = runOrderScenario(options);
    if (result.problems[0]?.checker !== this.#checker) return false;
    this.#options = options;
    this.#result = result;
    return true;
  }
}
