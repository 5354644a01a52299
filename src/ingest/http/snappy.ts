// Bodies in snappy's block format, as Prometheus sends them: they begin with the length they become, so that room for it is
// leased before they are taken apart; then literals, and copies of what was written before. Every length and every offset
// is looked at before a byte moves. The format: github.com/google/snappy, format_description.txt. SPEC rules IN9, AC13.

import { ok, type Result, refused } from '../../kit/result.ts';
import { LIMITS } from '../../model/limits.ts';
import type { BodyLease } from './body-budget.ts';
import { bodiesOverloaded, bodyTooLarge, type Refusal } from './refusal.ts';

const LITERAL = 0;
const COPY_1 = 1;
const COPY_2 = 2;
/** A literal of up to so many bytes says its length in its tag; a longer one in one to four bytes behind it. */
const SHORT_LITERAL_MAX = 60;

export function unsnap(bytes: Buffer, lease: BodyLease): Result<Buffer, Refusal> {
  const head = headOf(bytes);
  if (head === null) return refused(notSnappy());
  if (head.length > LIMITS.ingestBodyBytesMax) return refused(bodyTooLarge());
  if (!lease.take(head.length)) return refused(bodiesOverloaded());
  const whole = Buffer.alloc(head.length);
  return uncompress(bytes, head.end, whole) ? ok(whole) : refused(notSnappy());
}

/** False: it is no block that becomes exactly `into`. */
function uncompress(bytes: Buffer, from: number, into: Buffer): boolean {
  let at = from;
  let filled = 0;
  while (at < bytes.length) {
    const tag = bytes[at++] ?? 0;
    const kind = tag & 3;
    const upper = tag >>> 2;
    if (kind === LITERAL) {
      const lengthBytes = Math.max(0, upper - SHORT_LITERAL_MAX + 1);
      if (at + lengthBytes > bytes.length) return false;
      const length = 1 + (lengthBytes === 0 ? upper : bytes.readUIntLE(at, lengthBytes));
      at += lengthBytes;
      if (length > bytes.length - at || length > into.length - filled) return false;
      bytes.copy(into, filled, at, at + length);
      at += length;
      filled += length;
      continue;
    }
    const offsetBytes = kind === COPY_1 ? 1 : kind === COPY_2 ? 2 : 4;
    if (at + offsetBytes > bytes.length) return false;
    const low = bytes.readUIntLE(at, offsetBytes);
    at += offsetBytes;
    const length = kind === COPY_1 ? (upper & 7) + 4 : upper + 1;
    const offset = kind === COPY_1 ? low + (upper >>> 3) * 256 : low;
    if (offset === 0 || offset > filled || length > into.length - filled) return false;
    // It may copy what it has just written.
    for (const end = filled + length; filled < end; filled++) into[filled] = into[filled - offset] ?? 0;
  }
  return filled === into.length;
}

/** The length it becomes: a little-endian number of seven bits a byte, below 2^32; and where that ends. */
function headOf(bytes: Buffer): { readonly length: number; readonly end: number } | null {
  let length = 0;
  for (let at = 0; at < 5; at++) {
    const byte = bytes[at];
    if (byte === undefined) return null;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return { length, end: at + 1 };
  }
  return null;
}

function notSnappy(): Refusal {
  return { code: 'bad-body', detail: 'the body is not a whole snappy block, as Content-Encoding says' };
}
