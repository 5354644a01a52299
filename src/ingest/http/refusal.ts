// A request that is refused as a whole: an RFC 9457 problem. The codes are stable; people look them up and
// refusals are counted by them. SPEC rule IN7.

import { STATUS_CODES } from 'node:http';
import { LIMITS } from '../../model/limits.ts';

type RefusalCode =
  | 'bad_request'
  | 'bad_body'
  | 'nothing_accepted'
  | 'not_found'
  | 'method_not_allowed'
  | 'timeout'
  | 'body_too_large'
  | 'too_many_readings'
  | 'unsupported_encoding'
  | 'headers_too_large'
  | 'overloaded'
  | 'too_many_connections'
  | 'storage_failed';

export interface Refusal {
  readonly status: number;
  readonly code: RefusalCode;
  readonly detail: string;
  readonly headers?: { readonly [name: string]: string };
  /** More members of the problem. */
  readonly members?: { readonly [name: string]: unknown };
}

export function problemText({ status, code, detail, members }: Refusal): string {
  const title = STATUS_CODES[status] ?? 'Error';
  return JSON.stringify({ type: 'about:blank', title, status, code, detail, ...members });
}

/** A text as a problem may show it: escaped and short. */
export function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

export function bodyTooLarge(): Refusal {
  const detail = `a body has at most ${LIMITS.ingestBodyBytesMax} bytes, also when inflated; send it in several`;
  return { status: 413, code: 'body_too_large', detail };
}

export function bodiesOverloaded(): Refusal {
  return {
    status: 429,
    code: 'overloaded',
    detail: 'too many bytes are in work at this node; send again a little later',
    headers: { 'retry-after': '1' },
  };
}
