// What can be wrong with bytes that others sent, or that a disk gave back. SPEC rule WR5.

import type { ByteReader } from '../kit/bytes.ts';
import { ok, type Result, refused } from '../kit/result.ts';
import { type ErrorCode, PROTOCOL, PROTOCOL_MIN } from './messages.ts';

export type Malformed =
  /** The bytes end in the middle of `where`. */
  | { readonly kind: 'truncated'; readonly where: string }
  /** Something outside its limits: `why` says what it is and what is allowed. */
  | { readonly kind: 'refused'; readonly where: string; readonly why: string }
  /** The message is complete and bytes are left over. */
  | { readonly kind: 'trailing'; readonly where: string; readonly bytes: number }
  | { readonly kind: 'version'; readonly got: number; readonly min: number; readonly max: number }
  | { readonly kind: 'unknown-message'; readonly tag: number }
  | { readonly kind: 'oversize'; readonly bytes: number; readonly max: number }
  /** Somebody else's packet: it does not begin as ours do. */
  | { readonly kind: 'foreign' };

export function malformedText(malformed: Malformed): string {
  switch (malformed.kind) {
    case 'truncated':
      return `${malformed.where} ends too early`;
    case 'refused':
      return `${malformed.where}: ${malformed.why}`;
    case 'trailing':
      return `${malformed.where} is complete and ${malformed.bytes} bytes are left over, allowed are none`;
    case 'version':
      return `version ${malformed.got} is not known here, allowed are ${malformed.min} to ${malformed.max}`;
    case 'unknown-message':
      return `message type ${malformed.tag} is not known in wire versions ${PROTOCOL_MIN} to ${PROTOCOL}`;
    case 'oversize':
      return `${malformed.bytes} bytes are too many, allowed are ${malformed.max}`;
    case 'foreign':
      return 'not a packet of Sensorium';
  }
}

/** The code of the ERROR that answers it. */
export function malformedCode(malformed: Malformed): ErrorCode {
  switch (malformed.kind) {
    case 'version':
      return 'wrong_version';
    case 'unknown-message':
      return 'unknown_message';
    case 'oversize':
      return 'oversize';
    default:
      return 'malformed';
  }
}

/** What was wrong, if anything, with the reading of `what`. */
export function problemOf(what: string, reader: ByteReader): Malformed | null {
  return reader.problem === null ? null : { ...reader.problem, where: what + reader.where };
}

/** What was read, when nothing was wrong and nothing is left. */
export function finished<T>(what: string, reader: ByteReader, value: T): Result<T, Malformed> {
  const problem = problemOf(what, reader);
  if (problem !== null) return refused(problem);
  if (reader.remaining > 0) return refused({ kind: 'trailing', where: what, bytes: reader.remaining });
  return ok(value);
}
