// What came in and said nothing that anybody could read as a reading: by topic, how often, and what it was at last, so
// that people see what their devices send. SPEC rule MQ14.

import type { InboxEntry } from '../model/inbox-entry.ts';
import { LIMITS } from '../model/limits.ts';

export class Inbox {
  /** The one silent for longest first. */
  readonly #entries = new Map<string, InboxEntry>();

  add(input: string, topic: string, why: string, payload: Buffer, atMs: number): void {
    const key = `${input} ${topic}`;
    const count = (this.#entries.get(key)?.count ?? 0) + 1;
    const lastPayload = payload.toString('utf8', 0, LIMITS.refusalPayloadBytesMax);
    this.#entries.delete(key);
    this.#entries.set(key, { input, topic, count, lastAtMs: atMs, why, lastPayload });
    if (this.#entries.size <= LIMITS.inboxTopicsMax) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  /** The latest first. */
  all(): readonly InboxEntry[] {
    return [...this.#entries.values()].reverse();
  }
}
