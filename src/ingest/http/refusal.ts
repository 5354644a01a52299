// A request that is refused as a whole: an RFC 9457 problem. SPEC rule IN7.

import { LIMITS } from '../../model/limits.ts';
import { type ProblemCode, problemOf } from '../../model/problems.ts';

export interface Refusal {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly headers?: { readonly [name: string]: string };
  /** More members of the problem. */
  readonly members?: { readonly [name: string]: unknown };
}

export function problemText({ code, detail, members }: Refusal): string {
  return JSON.stringify({ ...problemOf(code, detail), ...members });
}

/** A text as a problem may show it: escaped and short. */
export function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

export function bodyTooLarge(): Refusal {
  const detail = `a body has at most ${LIMITS.ingestBodyBytesMax} bytes, also when inflated; send it in several`;
  return { code: 'body-too-large', detail };
}

export function bodiesOverloaded(): Refusal {
  return {
    code: 'overloaded',
    detail: 'too many bytes are in work at this node; send again a little later',
    headers: { 'retry-after': '1' },
  };
}
