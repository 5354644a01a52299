// Who is on the other end of a connection, and what that means: what may be published and subscribed to, and how much of
// it. SPEC rules AC3-AC6.

import type { Device } from './device.ts';
import { mayPublish, maySubscribe } from './rights.ts';
import type { Overuse, Usage } from './usage.ts';

export interface Caller {
  /** Null: nobody in particular, where such are let in. */
  readonly device: Device | null;
  mayPublish(topic: string): boolean;
  /** `pattern` is a filter without what makes it shared. */
  maySubscribe(pattern: string): boolean;
  /** Null: so much is taken. */
  take(messages: number, bytes: number): Overuse | null;
}

export const ANONYMOUS: Caller = {
  device: null,
  mayPublish: () => true,
  maySubscribe: () => true,
  take: () => null,
};

export function callerOf(device: Device, usage: Usage): Caller {
  return {
    device,
    mayPublish: (topic) => mayPublish(device.publish, topic),
    maySubscribe: (pattern) => maySubscribe(device.subscribe, pattern),
    take: (messages, bytes) => usage.take(messages, bytes),
  };
}
