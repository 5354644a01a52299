// A request that is refused as a whole: an RFC 9457 problem. The codes are stable; people look them up and
// refusals are counted by them. SPEC rule IN7.

import { STATUS_CODES } from 'node:http';

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
