// All rules at all sensors they match. Every node judges what it hears, the leader alone says so: whoever leads next has
// looked on all the while, and goes on where the one before it ended. SPEC rules AL3, AL5.

import type { SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { ReadingRecord, Scalar, Value } from '../model/reading.ts';
import { matchesTopic } from '../model/topic-filter.ts';
import type { Rule } from './rule.ts';
import { Watch } from './watch.ts';

export interface Judged {
  readonly sensor: SensorId;
  readonly watch: Watch;
}

const NONE: readonly Watch[] = [];

export class Evaluator {
  readonly #rules: readonly Rule[];
  /** Whether the site knows that this rule holds against this sensor. */
  readonly #isRaised: (rule: string, sensor: SensorId) => boolean;
  readonly #judged: (judged: Judged) => void;
  readonly #watches = new Map<SensorId, readonly Watch[]>();
  readonly #pending = new Map<Watch, SensorId>();
  #count = 0;
  #unwatched = 0;

  constructor(
    rules: readonly Rule[],
    isRaised: (rule: string, sensor: SensorId) => boolean,
    judged: (judged: Judged) => void,
  ) {
    this.#rules = rules;
    this.#isRaised = isRaised;
    this.#judged = judged;
  }

  /** Sensors that no rule looks at because there are too many that rules match. */
  get unwatched(): number {
    return this.#unwatched;
  }

  take({ sensor, value, lwwTsMs }: ReadingRecord, nowMs: number): void {
    if (this.#rules.length === 0) return;
    for (const watch of this.#watchesOf(sensor)) {
      const looked = fieldOf(value, watch.rule.field);
      if (looked === null) continue;
      if (watch.take(looked, lwwTsMs, nowMs)) this.#judged({ sensor, watch });
      if (watch.isPending) this.#pending.set(watch, sensor);
      else this.#pending.delete(watch);
    }
  }

  wake(nowMs: number): void {
    for (const [watch, sensor] of [...this.#pending]) {
      if (watch.wake(nowMs)) this.#judged({ sensor, watch });
      if (!watch.isPending) this.#pending.delete(watch);
    }
  }

  /** Everything that a rule looks at. */
  *all(): Iterable<Judged> {
    for (const [sensor, watches] of this.#watches) for (const watch of watches) yield { sensor, watch };
  }

  forget(sensor: SensorId): void {
    const watches = this.#watches.get(sensor) ?? NONE;
    for (const watch of watches) this.#pending.delete(watch);
    this.#count -= watches.length;
    this.#watches.delete(sensor);
  }

  #watchesOf(sensor: SensorId): readonly Watch[] {
    const known = this.#watches.get(sensor);
    if (known !== undefined) return known;
    const rules = this.#rules.filter(({ match }) => matchesTopic(match, sensor));
    if (this.#watches.size >= LIMITS.alertStatesMax || this.#count + rules.length > LIMITS.alertStatesMax) {
      this.#unwatched++;
      return NONE;
    }
    const watches =
      rules.length === 0 ? NONE : rules.map((rule) => new Watch(rule, this.#isRaised(rule.name, sensor)));
    this.#watches.set(sensor, watches);
    this.#count += watches.length;
    return watches;
  }
}

function fieldOf(value: Value, field: string): Scalar | null {
  if (field === '') return typeof value === 'object' ? null : value;
  return typeof value === 'object' ? (value[field] ?? null) : null;
}
