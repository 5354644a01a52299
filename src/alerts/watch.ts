// One rule at one sensor: whether its value is wrong, and for how long it has been. SPEC rules AL3.
//
//            wrong                    for `forMs`
//    fine ──────────▶ fine, pending ──────────────▶ wrong
//     ▲                                               │ fine
//     └───────────── wrong, pending ◀─────────────────┘
//       for `clearForMs`
//
// Readings are taken in the order of their time; an older one that comes later says nothing of how things are.

import { LIMITS } from '../model/limits.ts';
import type { Scalar } from '../model/reading.ts';
import type { Condition, Rule } from './rule.ts';

interface Sample {
  readonly tsMs: number;
  readonly value: number;
}

export class Watch {
  readonly rule: Rule;
  /** What was said last. */
  isWrong: boolean;
  /** The value that says so, and what it was found to be. */
  value: Scalar | null = null;
  text = '';
  #lastTsMs = Number.NEGATIVE_INFINITY;
  #looksWrong: boolean;
  #sinceMs = 0;
  #samples: Sample[] = [];

  /** `isWrong`: as the site knows it already. */
  constructor(rule: Rule, isWrong: boolean) {
    this.rule = rule;
    this.isWrong = isWrong;
    this.#looksWrong = isWrong;
  }

  /** Looks otherwise than was said, and not for long enough yet. */
  get isPending(): boolean {
    return this.#looksWrong !== this.isWrong;
  }

  /** True when the verdict changed. */
  take(value: Scalar, tsMs: number, nowMs: number): boolean {
    if (tsMs < this.#lastTsMs) return false;
    this.#lastTsMs = tsMs;
    const found = this.#look(value, tsMs);
    if (found === null) return false;
    const { isWrong, text } = found;
    if (isWrong !== this.#looksWrong) this.#sinceMs = nowMs;
    this.#looksWrong = isWrong;
    this.value = value;
    this.text = text;
    return this.wake(nowMs);
  }

  /** True when the verdict changed. */
  wake(nowMs: number): boolean {
    if (!this.isPending) return false;
    const { forMs, clearForMs } = this.rule;
    if (nowMs - this.#sinceMs < (this.#looksWrong ? forMs : clearForMs)) return false;
    this.isWrong = this.#looksWrong;
    return true;
  }

  /** Null for a value of which the rule says nothing. */
  #look(value: Scalar, tsMs: number): { readonly isWrong: boolean; readonly text: string } | null {
    const { condition } = this.rule;
    if (condition.kind === 'equals') {
      return { isWrong: value === condition.value, text: `is ${shown(value)}` };
    }
    if (typeof value !== 'number') return null;
    switch (condition.kind) {
      case 'above': {
        const { limit, clearBelow } = condition;
        const lingers = this.#looksWrong && clearBelow < limit && value >= clearBelow;
        const words = value > limit ? 'above' : 'not above';
        return { isWrong: value > limit || lingers, text: `is ${shown(value)}, ${words} ${shown(limit)}` };
      }
      case 'below': {
        const { limit, clearAbove } = condition;
        const lingers = this.#looksWrong && clearAbove > limit && value <= clearAbove;
        const words = value < limit ? 'below' : 'not below';
        return { isWrong: value < limit || lingers, text: `is ${shown(value)}, ${words} ${shown(limit)}` };
      }
      default:
        return this.#change(condition, value, tsMs);
    }
  }

  #change(
    { kind, by, clearBy, withinMs }: Extract<Condition, { kind: 'rises' | 'falls' }>,
    value: number,
    tsMs: number,
  ): { readonly isWrong: boolean; readonly text: string } {
    this.#samples = this.#samples.filter((sample) => tsMs - sample.tsMs <= withinMs);
    let least = value;
    let most = value;
    for (const sample of this.#samples) {
      least = Math.min(least, sample.value);
      most = Math.max(most, sample.value);
    }
    const change = kind === 'rises' ? value - least : most - value;
    this.#remember({ tsMs, value }, withinMs);
    const verb = kind === 'rises' ? 'rose' : 'fell';
    const seconds = shown(withinMs / 1_000);
    return {
      isWrong: change >= (this.#looksWrong ? clearBy : by),
      text: `is ${shown(value)}, ${verb} by ${shown(change)} within ${seconds} s`,
    };
  }

  /** Readings that come faster than there is room for share a place, with what is farther out. */
  #remember(sample: Sample, withinMs: number): void {
    const last = this.#samples.at(-1);
    const isTogether = last !== undefined && sample.tsMs - last.tsMs < withinMs / LIMITS.alertSamplesMax;
    if (!isTogether) {
      if (this.#samples.length >= LIMITS.alertSamplesMax) this.#samples.shift();
      this.#samples.push(sample);
      return;
    }
    const { condition } = this.rule;
    const isFarther = condition.kind === 'rises' ? sample.value < last.value : sample.value > last.value;
    if (isFarther) this.#samples[this.#samples.length - 1] = { tsMs: last.tsMs, value: sample.value };
  }
}

function shown(value: Scalar): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  return typeof value === 'number' ? String(Math.round(value * 1e6) / 1e6) : String(value);
}
