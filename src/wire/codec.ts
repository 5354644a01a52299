// Messages to bytes and back. A frame's payload is the wire version, the message's tag and its fields; the
// first frame on a connection has version 0, the layout that never changes. SPEC rules WR4-WR8.

import { ByteReader, ByteWriter } from '../kit/bytes.ts';
import { type Result, refused } from '../kit/result.ts';
import { LIMITS } from '../model/limits.ts';
import { FIRST, MESSAGE } from './layout.ts';
import { finished, type Malformed } from './malformed.ts';
import { type ErrorMessage, type Hello, type Message, PROTOCOL, PROTOCOL_MIN } from './messages.ts';
import type { Union } from './shape.ts';

const FIRST_VERSION = 0;

/** One for all messages: it has grown to what they need, and a message is complete before the next begins. */
const scratch = new ByteWriter(4_096);

/** `version`: one that the receiver speaks as well. */
export function encodeMessage(message: Message, version = PROTOCOL): Uint8Array {
  scratch.clear();
  writeMessage(scratch, message, version);
  return scratch.take();
}

/** The same behind `headBytes` zeros, for what a carrier writes in front of it. */
export function encodeMessageBehind(headBytes: number, message: Message, version = PROTOCOL): Uint8Array {
  scratch.clear();
  scratch.zeros(headBytes);
  writeMessage(scratch, message, version);
  return scratch.take();
}

export function decodeMessage(bytes: Uint8Array): Result<Message, Malformed> {
  return readMessage(bytes, 0);
}

/** The first frame of a connection, which two peers of any versions understand. */
export function encodeFirst(first: Hello | ErrorMessage): Uint8Array {
  const writer = new ByteWriter(256);
  writer.u8(FIRST_VERSION);
  FIRST.write(writer, first);
  return writer.take();
}

export function decodeFirst(bytes: Uint8Array): Result<Hello | ErrorMessage, Malformed> {
  return read(FIRST, { min: FIRST_VERSION, max: FIRST_VERSION }, bytes, 0);
}

/** All versions so far have the same layout of what follows. */
export function writeMessage(writer: ByteWriter, message: Message, version: number): void {
  writer.u8(version);
  MESSAGE.write(writer, message);
}

/** The message that begins at byte `from` and ends with the bytes. */
export function readMessage(bytes: Uint8Array, from: number): Result<Message, Malformed> {
  return read(MESSAGE, { min: PROTOCOL_MIN, max: PROTOCOL }, bytes, from);
}

function read<T extends { readonly type: string }>(
  shape: Union<T>,
  versions: { readonly min: number; readonly max: number },
  bytes: Uint8Array,
  from: number,
): Result<T, Malformed> {
  if (bytes.length > LIMITS.frameBytesMax) {
    return refused({ kind: 'oversize', bytes: bytes.length, max: LIMITS.frameBytesMax });
  }
  const version = bytes[from];
  if (version !== undefined && (version < versions.min || version > versions.max)) {
    return refused({ kind: 'version', got: version, ...versions });
  }
  const tag = bytes[from + 1];
  const name = tag === undefined ? 'message' : shape.nameOf(tag);
  if (tag !== undefined && name === undefined) return refused({ kind: 'unknown-message', tag });

  const reader = new ByteReader(bytes, from + 1);
  return finished(name ?? 'message', reader, shape.read(reader));
}
