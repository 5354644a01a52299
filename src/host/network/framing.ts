// Frames on a byte stream: 4 bytes of length, most significant first, then as many bytes of payload. SPEC rule NW1.
// A length above the limit cannot be told from noise, so the stream is lost from there on.

import { must } from '../../kit/assert.ts';
import { encodeMessageBehind } from '../../wire/codec.ts';
import type { Message } from '../../wire/messages.ts';

export const FRAME_HEADER_BYTES = 4;

export function frameOf(payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.byteLength);
  frame.writeUInt32BE(payload.byteLength, 0);
  frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}

/** The frame of a message, which is copied no more than once. */
export function messageFrame(message: Message, version: number): Buffer {
  const bytes = encodeMessageBehind(FRAME_HEADER_BYTES, message, version);
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  frame.writeUInt32BE(frame.byteLength - FRAME_HEADER_BYTES, 0);
  return frame;
}

export type Taken =
  | { readonly kind: 'frame'; readonly payload: Uint8Array }
  /** What is left is no whole frame. */
  | { readonly kind: 'none' }
  | { readonly kind: 'oversize'; readonly bytes: number };

const NONE: Taken = { kind: 'none' };

/** Cuts chunks as they arrive into frames. A frame that lies within one chunk is not copied. */
export class FrameReader {
  /** The largest payload accepted; a stranger gets a smaller one than a peer that has said HELLO. */
  payloadBytesMax: number;
  /** Bytes not yet looked at. */
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  #headerFilled = 0;
  /** A payload that spans chunks. */
  #partial: Buffer | null = null;
  #partialFilled = 0;
  #lost = false;

  constructor(payloadBytesMax: number) {
    this.payloadBytesMax = payloadBytesMax;
  }

  /** Whether the stream stands inside a frame. */
  get midFrame(): boolean {
    return this.#headerFilled > 0 || this.#partial !== null;
  }

  push(chunk: Buffer): void {
    const left = this.#chunk.subarray(this.#at);
    this.#chunk = left.byteLength === 0 ? chunk : Buffer.concat([left, chunk]);
    this.#at = 0;
  }

  take(): Taken {
    if (this.#lost) return NONE;
    if (this.#partial === null) {
      if (!this.#takeHeader()) return NONE;
      const bytes = this.#header.readUInt32BE(0);
      if (bytes > this.payloadBytesMax) {
        this.#lost = true;
        return { kind: 'oversize', bytes };
      }
      this.#headerFilled = 0;
      if (this.#chunk.byteLength - this.#at >= bytes) {
        const payload = this.#chunk.subarray(this.#at, this.#at + bytes);
        this.#at += bytes;
        return { kind: 'frame', payload };
      }
      this.#partial = Buffer.allocUnsafe(bytes);
      this.#partialFilled = 0;
    }
    return this.#fillPartial();
  }

  #takeHeader(): boolean {
    while (this.#headerFilled < FRAME_HEADER_BYTES) {
      if (this.#at === this.#chunk.byteLength) return false;
      this.#header[this.#headerFilled++] = must(this.#chunk[this.#at++], 'a byte within the chunk');
    }
    return true;
  }

  #fillPartial(): Taken {
    const partial = must(this.#partial, 'a payload begun');
    const copied = this.#chunk.copy(partial, this.#partialFilled, this.#at);
    this.#at += copied;
    this.#partialFilled += copied;
    if (this.#partialFilled < partial.byteLength) return NONE;
    this.#partial = null;
    return { kind: 'frame', payload: partial };
  }
}
