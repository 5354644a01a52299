// A stream as far as a peer has it: everything one origin wrote during its life with one disk. SPEC rules RP1-RP4.
//
// `registers` is exactly what remains of the changes 1 … `upto` when the superseded ones are left out; deltas are
// cut from it. `ahead` holds what was pushed from beyond a gap: it is shown, and given to those who differ, but
// never claimed, since changes before it may be missing.

import { compareText } from '../../kit/order.ts';
import type { StreamName } from '../../model/durable.ts';
import { compareIdentities, type Identity, identityText, type PeerId } from '../../model/ids.ts';
import type { Delta } from '../../wire/messages.ts';
import { hash52, hashText } from './hash.ts';
import { Registers } from './registers.ts';

export class Stream implements StreamName {
  readonly origin: PeerId;
  readonly identity: Identity;
  readonly registers: Registers;
  ahead: Registers | null = null;
  /** Tombstones up to here were dropped by somebody whose changes these are. May lie above `upto`. */
  droppedUpto = 0;
  /** Wall clock; 0 for never since start. */
  advancedAtMs = 0;
  /** Since when (steady clock) the first of `ahead` waits without the gap having moved. */
  gapSinceMs = 0;
  /** The stream of the origin's next older identity: a chain that `Streams` keeps. */
  elder: Stream | null = null;
  /** The gapless watermark; `Streams` moves it, since it keeps a sum over all. */
  upto = 0;
  /** Its origin has been away so long that digests do not list it; `Streams` sets it. */
  retired = false;
  /** Its place in the bucket that lists it, -1 where none does; the bucket keeps it. */
  place = -1;
  /** The delta that came or was made last: while the stream stays as it is, the same one goes to others. */
  lastDelta: Delta | null = null;
  readonly #hashA: number;
  readonly #hashB: number;

  constructor(name: StreamName) {
    this.origin = name.origin;
    this.identity = name.identity;
    this.registers = new Registers(this);
    const { birth, random } = name.identity;
    this.#hashA = hashText(random, hashText(name.origin, birth));
    this.#hashB = hashText(name.origin, this.#hashA);
  }

  /** What the stream adds to the hash over all that a peer has; nothing as long as nothing is known of it. */
  get hash(): number {
    return this.upto === 0 ? 0 : hash52(this.#hashA, this.#hashB, this.upto);
  }

  /** 32 bits of the name. */
  get nameHash(): number {
    return this.#hashB >>> 0;
  }

  /** What a change beyond a gap adds to it. */
  hashAhead(n: number): number {
    return hash52(this.#hashB, this.#hashA, n);
  }
}

export function compareNames(a: StreamName, b: StreamName): number {
  if (a.origin !== b.origin) return compareText(a.origin, b.origin);
  return a.identity === b.identity ? 0 : compareIdentities(a.identity, b.identity);
}

export function sameName(a: StreamName, b: StreamName): boolean {
  return compareNames(a, b) === 0;
}

/**
 * A name as one text; texts compare as the names do. The blank sorts before all that an id is made of, and the
 * number of digits stands before the birth.
 */
export function streamKey(name: StreamName): string {
  const digits = String(name.identity.birth).length.toString(36);
  return `${name.origin} ${digits}${identityText(name.identity)}`;
}
