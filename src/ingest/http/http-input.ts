// The port between the HTTP listener and what it listens for: each input has paths of its own. SPEC rule IN7.

import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../access/caller.ts';
import type { Answer } from './answer.ts';
import type { Refusal } from './refusal.ts';

export interface HttpInput {
  /** Which methods its paths take. */
  readonly methods: { readonly [path: string]: readonly string[] };
  /** For one of these paths and methods. */
  answer(request: IncomingMessage, target: Target, caller: Caller): Answer | Promise<Answer>;
  /** Counters by name, rising only. */
  counters(): { readonly [name: string]: number };
}

export interface Target {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** What an input says of itself to who asks what is here. */
export function notAllowed(method: string | undefined, path: string, allowed: readonly string[]): Refusal {
  const allow = allowed.join(', ');
  return { code: 'method-not-allowed', detail: `${path} takes ${allow}, not ${method}`, headers: { allow } };
}
