// Why a publish is not taken of who sends it: a topic of the node's own, one beyond the device's rights, or more than it
// may send. SPEC rules MQ6, AC4, AC6.

import type { Caller } from '../../access/caller.ts';
import { REASON } from './packet.ts';

export interface Denial {
  /** By which it is counted. */
  readonly reason: string;
  readonly why: string;
  /** What MQTT 5 answers. */
  readonly code: number;
}

/** Null: it is taken, and counts against the device's bounds. */
export function denialOf(caller: Caller, topic: string, payloadBytes: number): Denial | null {
  const { notAuthorized, quotaExceeded } = REASON;
  if (topic.startsWith('$')) {
    const why = `topics that begin with $ are the node's own: ${topic}`;
    return { reason: 'reserved_topic', why, code: notAuthorized };
  }
  const name = caller.device?.name ?? '';
  if (!caller.mayPublish(topic)) {
    return { reason: 'not_permitted', why: `${name} may not publish to ${topic}`, code: notAuthorized };
  }
  const overuse = caller.take(1, payloadBytes + topic.length);
  if (overuse === null) return null;
  const why = `${name} has used up its ${overuse.bound}; there is more in ${overuse.retryAfterS} s`;
  return { reason: `${overuse.bound}_exceeded`, why, code: quotaExceeded };
}
