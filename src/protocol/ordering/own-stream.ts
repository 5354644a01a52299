// The records of one own identity on their way into the order: what of the outbox is in memory, what of that was
// sent, what is committed. Memory holds a window; the rest is read back from the outbox. SPEC rules OR26-OR28.

import type { Identity } from '../../model/ids.ts';
import type { SequencerContent } from '../../wire/ordering-messages.ts';

export interface Item {
  readonly firstN: number;
  readonly lastN: number;
  readonly bytes: number;
  readonly content: SequencerContent;
}

export class OwnStream {
  readonly identity: Identity;
  /** Items follow each other without a gap; the first `#sent` of them were sent. */
  #items: Item[] = [];
  #sent = 0;
  #bytes = 0;
  #sentBytes = 0;
  /** Up to here the items reach, or what is before the first of them. */
  #tailN: number;
  #committedN: number;
  /** What of that was told. */
  #toldN: number;
  #limitN = Number.POSITIVE_INFINITY;
  /** The highest n that is known to be in the outbox. */
  storedN: number;
  /** Whether the outbox was read to its end: what comes later is told. */
  isRead = false;
  /** The n that the leader waits for, where it is not at hand. */
  awaitedN = 0;
  /** What the leader has said to have, as far as it went. */
  orderedN = 0;

  constructor(identity: Identity, committedN: number) {
    this.identity = identity;
    this.#committedN = committedN;
    this.#toldN = committedN;
    this.#tailN = committedN;
    this.storedN = committedN;
  }

  get committedN(): number {
    return this.#committedN;
  }

  get tailN(): number {
    return this.#tailN;
  }

  get sent(): number {
    return this.#sent;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get next(): Item | undefined {
    return this.#items[this.#sent];
  }

  /** Whether there is more in the outbox than in memory. */
  get lacks(): boolean {
    return this.#tailN < this.#limitN && (!this.isRead || this.storedN > this.#tailN);
  }

  takes({ firstN, lastN }: { readonly firstN: number; readonly lastN: number }): boolean {
    return firstN === this.#tailN + 1 && lastN <= this.#limitN;
  }

  get isDrained(): boolean {
    return (
      (this.isRead || this.#tailN >= this.#limitN) &&
      this.#items.length === 0 &&
      this.storedN <= this.#committedN
    );
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#bytes += item.bytes;
    this.#tailN = item.lastN;
    this.storedN = Math.max(this.storedN, item.lastN);
  }

  /** The outbox begins later than was thought; who is asked says whether that matters. */
  skipTo(firstN: number): void {
    if (this.#items.length === 0) this.#tailN = firstN - 1;
  }

  markSent(): void {
    this.#sentBytes += this.next?.bytes ?? 0;
    this.#sent++;
  }

  /** Send again from the first one on. */
  rewind(): void {
    this.#sent = 0;
    this.#sentBytes = 0;
  }

  /** The leader's log has everything up to `n`. */
  ordered(n: number): void {
    this.orderedN = Math.max(this.orderedN, n);
    while ((this.next?.lastN ?? Number.POSITIVE_INFINITY) <= n) this.markSent();
  }

  /** Everything up to `n` is committed. Whether that is news. */
  commit(n: number): boolean {
    if (n <= this.#committedN) return false;
    this.#committedN = n;
    let gone = 0;
    for (const { lastN, bytes } of this.#items) {
      if (lastN > n) break;
      gone++;
      this.#bytes -= bytes;
      if (gone <= this.#sent) this.#sentBytes -= bytes;
    }
    this.#sent = Math.max(0, this.#sent - gone);
    if (gone > 0) this.#items.splice(0, gone);
    if (this.#items.length === 0) this.#tailN = Math.max(this.#tailN, n);
    this.storedN = Math.max(this.storedN, n);
    return true;
  }

  /** Whether more is committed than when this was last asked. */
  isNews(): boolean {
    const isNews = this.#committedN > this.#toldN;
    this.#toldN = this.#committedN;
    return isNews;
  }

  /** The leader waits for `n`: goes on there, or forgets what is in memory so that it is read from there. */
  seek(n: number): void {
    this.awaitedN = n;
    if (n === this.#tailN + 1) {
      this.ordered(this.#tailN);
      return;
    }
    const place = this.#items.findIndex(({ firstN }) => firstN === n);
    this.rewind();
    if (place >= 0) {
      for (let i = 0; i < place; i++) this.markSent();
      return;
    }
    this.forget(n - 1);
  }

  /** What lies above `lastN` is none of this stream's. */
  endAt(lastN: number): void {
    this.#limitN = lastN;
    this.storedN = Math.min(this.storedN, lastN);
    if (this.#tailN > lastN) this.forget(this.#committedN);
  }

  forget(tailN: number): void {
    this.#items = [];
    this.#bytes = 0;
    this.rewind();
    this.#tailN = tailN;
    this.isRead = false;
  }
}
