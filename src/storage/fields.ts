// Numbers and identities at fixed places in a block of bytes, little-endian.

import type { Identity } from '../model/ids.ts';

const WORD = 0x1_0000_0000;

/** Eight bytes that hold a whole number up to 2^53 - 1. */
export function putSafeInteger(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % WORD, true);
  view.setUint32(at + 4, Math.floor(value / WORD), true);
}

export function safeIntegerAt(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * WORD;
}

export function putIdentity(view: DataView, at: number, identity: Identity): void {
  putSafeInteger(view, at, identity.birth);
  view.setUint32(at + 8, Number.parseInt(identity.random.slice(0, 8), 16));
  view.setUint32(at + 12, Number.parseInt(identity.random.slice(8), 16));
}

export function identityAt(view: DataView, at: number): Identity {
  const word = (offset: number) =>
    view
      .getUint32(at + offset)
      .toString(16)
      .padStart(8, '0');
  return { birth: safeIntegerAt(view, at), random: word(8) + word(12) };
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
