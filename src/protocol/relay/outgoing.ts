// Messages on their way to one other node: numbered, kept until they are acknowledged, sent again when the link is new or
// the answer is late. What there is no room for goes, oldest first, and is counted. SPEC rule MQ9.

import { LIMITS } from '../../model/limits.ts';
import type { RelayMessage } from '../../model/relay-message.ts';
import { NEVER } from '../../model/time.ts';
import type { Life, RelayProtocolMessage } from '../../wire/relay-messages.ts';

/** What one frame carries; a message alone always fits. */
const FRAME_BYTES = 65_536;
/** What may be under way and not acknowledged: well below what a link may hold unsent. */
const WINDOW_BYTES = 1_048_576;
const AGAIN_MS = 1_000;
/** A link that is down for good is not asked for every second. */
const AGAIN_MS_MAX = 16_000;

export class Outgoing {
  #messages: RelayMessage[] = [];
  #bytes = 0;
  /** The number of the first in `#messages`, and of the next one to be sent. */
  #first = 1;
  #next = 1;
  /** What the messages before `#next` weigh. */
  #bytesUnderWay = 0;
  #againAtMs = NEVER;
  #againMs = AGAIN_MS;

  get wakeAt(): number {
    return this.#againAtMs;
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** Gives how many were dropped to make room. */
  add(message: RelayMessage): number {
    this.#messages.push(message);
    this.#bytes += weight(message);
    let dropped = 0;
    while (this.#messages.length > LIMITS.relayMessagesMax || this.#bytes > LIMITS.relayBytesMax) {
      this.#drop(1);
      dropped++;
    }
    return dropped;
  }

  acknowledged(upto: number): void {
    if (upto < this.#first || upto >= this.#first + this.#messages.length) return;
    this.#drop(upto - this.#first + 1);
    this.#againMs = AGAIN_MS;
    if (this.#messages.length === 0) this.#againAtMs = NEVER;
  }

  /** All that is not acknowledged goes once more. */
  again(): void {
    this.#next = this.#first;
    this.#bytesUnderWay = 0;
  }

  isLate(nowMs: number): boolean {
    if (nowMs < this.#againAtMs) return false;
    this.#againMs = Math.min(AGAIN_MS_MAX, this.#againMs * 2);
    return true;
  }

  /** The next frame, or null when all was sent or as much is under way as may be. */
  take(life: Life, nowMs: number): RelayProtocolMessage | null {
    const from = this.#next - this.#first;
    const messages: RelayMessage[] = [];
    if (this.#bytesUnderWay >= WINDOW_BYTES) return null;
    let bytes = 0;
    for (let at = from; at < this.#messages.length; at++) {
      const message = this.#messages[at] as RelayMessage;
      if (messages.length > 0 && bytes + weight(message) > FRAME_BYTES) break;
      bytes += weight(message);
      messages.push(message);
    }
    if (messages.length === 0) return null;
    const first = this.#next;
    this.#next += messages.length;
    this.#bytesUnderWay += bytes;
    this.#againAtMs = nowMs + this.#againMs;
    return { type: 'PUBLISH', life, first, messages };
  }

  #drop(count: number): void {
    for (const [at, message] of this.#messages.splice(0, count).entries()) {
      this.#bytes -= weight(message);
      if (this.#first + at < this.#next) this.#bytesUnderWay -= weight(message);
    }
    this.#first += count;
    this.#next = Math.max(this.#next, this.#first);
  }
}

/** An upper bound of what it takes in a frame: each character has at most three bytes. */
function weight({ topic, body, shares }: RelayMessage): number {
  let bytes = 3 * topic.length + body.length + 16;
  for (const share of shares) bytes += 3 * share.length + 2;
  return bytes;
}
