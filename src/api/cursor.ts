// How a place in the ring of changes is written outside: `<node>:<incarnation>.<random>:<cursor>`. Cursors count
// from 1 at every start, so one of an earlier life, or of another node, would point at other changes; the middle
// part tells them apart, also after a disk was lost and incarnations began anew. SPEC rules AP7 and AP11.

import type { Hub } from '../hub/hub.ts';

/** What no ring continues: who asks for what follows it is told to read everything anew. */
export const ELSEWHERE = -1;

export class Epoch {
  readonly #prefix: string;

  constructor(hub: Hub) {
    this.#prefix = `${hub.self}:${hub.incarnation}.${hub.identity.random}:`;
  }

  text(cursor: number): string {
    return this.#prefix + cursor;
  }

  /** `text` has passed `CURSOR`, or is what a client says it last heard. A plain number counts as one of this life. */
  read(text: string): number {
    const digits = text.startsWith(this.#prefix) ? text.slice(this.#prefix.length) : text;
    return DIGITS.test(digits) ? Number(digits) : ELSEWHERE;
  }
}

const DIGITS = /^\d{1,15}$/;

/** What a cursor may look like. */
export const CURSOR = /^(?:[a-z0-9._-]{1,64}:[0-9a-f.]{1,40}:)?\d{1,15}$/;
