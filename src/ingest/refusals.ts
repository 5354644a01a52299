// What inputs refused, counted by reason, with the last bad payload kept for people to see. SPEC rule IN11.

import type { Log } from '../kit/log.ts';
import { LIMITS } from '../model/limits.ts';
import type { RefusalView } from '../model/refusal-view.ts';

export interface RefusedInput {
  /** Which input: `http`, `mqtt` … */
  readonly input: string;
  /** One of a few constant words. */
  readonly reason: string;
  readonly why: string;
  readonly payload: string;
  readonly count: number;
}

const LOG_EVERY_MS = 60_000;
/** Takes what comes when there are too many reasons to tell apart. */
const OTHER = 'other';

export class Refusals {
  readonly #log: Log;
  readonly #wallMs: () => number;
  readonly #kept = new Map<string, RefusalView>();
  readonly #loggedAtMs = new Map<string, number>();

  constructor(log: Log, wallMs: () => number) {
    this.#log = log;
    this.#wallMs = wallMs;
  }

  add(refused: RefusedInput): void {
    const reason = this.#isRoomFor(refused) ? refused.reason : OTHER;
    const key = `${refused.input} ${reason}`;
    const atMs = this.#wallMs();
    const count = (this.#kept.get(key)?.count ?? 0) + refused.count;
    this.#kept.set(key, {
      input: refused.input,
      reason,
      count,
      lastAtMs: atMs,
      lastWhy: refused.why.slice(0, LIMITS.refusalPayloadBytesMax),
      lastPayload: refused.payload.slice(0, LIMITS.refusalPayloadBytesMax),
    });
    this.#tell(key, { input: refused.input, reason, count }, atMs);
  }

  /** Sorted by input and reason. */
  all(): readonly RefusalView[] {
    const keys = [...this.#kept.keys()].sort();
    return keys.flatMap((key) => this.#kept.get(key) ?? []);
  }

  #isRoomFor({ input, reason }: RefusedInput): boolean {
    return this.#kept.has(`${input} ${reason}`) || this.#kept.size < LIMITS.refusalReasonsMax;
  }

  /** A flood of bad input is one line a minute. */
  #tell(key: string, fields: { input: string; reason: string; count: number }, atMs: number): void {
    const last = this.#loggedAtMs.get(key);
    if (last !== undefined && atMs - last < LOG_EVERY_MS) return;
    this.#loggedAtMs.set(key, atMs);
    this.#log.warn('input refused', fields);
  }
}
