// What the body of a request was decoded to: readings, and what made no sense, with its line. Every input that takes many
// readings at once decodes to this. SPEC rules IN4, IN8.

import type { Result } from '../../kit/result.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Reading } from '../../model/reading.ts';
import type { Refusal } from './refusal.ts';

export interface Decoded {
  readonly readings: readonly Reading[];
  /** The first ones; `rejectedCount` counts all. */
  readonly rejected: readonly Rejection[];
  readonly rejectedCount: number;
  /** The first rejected item as it was sent. */
  readonly sample: string;
}

interface Rejection {
  /** From 1: the line of NDJSON, the place in a list. */
  readonly line: number;
  readonly why: string;
}

export class Collected {
  readonly #readings: Reading[] = [];
  readonly #rejected: Rejection[] = [];
  #rejectedCount = 0;
  #sample = '';

  get size(): number {
    return this.#readings.length + this.#rejectedCount;
  }

  add(line: number, checked: Result<Reading>, payload: () => string): void {
    if (checked.ok) {
      this.#readings.push(checked.value);
      return;
    }
    if (this.#rejectedCount++ === 0) this.#sample = payload().slice(0, LIMITS.refusalPayloadBytesMax);
    if (this.#rejected.length < LIMITS.ingestRejectedListedMax)
      this.#rejected.push({ line, why: checked.problem });
  }

  result(): Decoded {
    return {
      readings: this.#readings,
      rejected: this.#rejected,
      rejectedCount: this.#rejectedCount,
      sample: this.#sample,
    };
  }
}

/** Null where the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

export function tooMany(): Refusal {
  const detail = `a request carries at most ${LIMITS.ingestBatchMax} readings; send them in several`;
  return { code: 'too-many-readings', detail };
}
