// Reads of the log that are under way, and for whom. Each is answered once, or given up. SPEC rule OR5.

import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { OrderingOutbox } from './port.ts';
import type { Progress } from './progress.ts';
import type { Replica } from './replica.ts';

export type Reader =
  | { readonly kind: 'follower'; readonly follower: Progress; readonly from: number }
  | { readonly kind: 'merge'; readonly from: number }
  | { readonly kind: 'supply'; readonly to: PeerId; readonly nonce: number; readonly from: number };

export class LogReads {
  readonly #underWay = new Map<number, Reader>();
  #lastId = 0;

  /** The entry before those that are wanted is read too, for its chain. */
  forFollower(follower: Progress, replica: Replica, out: OrderingOutbox): number {
    const from = Math.max(follower.next - 1, replica.bases.start);
    // Above that the disk may hold what was cut from the log: it is in memory as it is.
    const to = Math.min(replica.lastIndex, replica.log.first - 1);
    return this.#ask({ kind: 'follower', follower, from: follower.next }, from, to, out);
  }

  forSupply(peer: PeerId, nonce: number, from: number, to: number, out: OrderingOutbox): number {
    return this.#ask({ kind: 'supply', to: peer, nonce, from }, from, to, out);
  }

  forMerge(from: number, to: number, out: OrderingOutbox): number {
    return this.#ask({ kind: 'merge', from }, from, to, out);
  }

  take(id: number): Reader | null {
    const reader = this.#underWay.get(id) ?? null;
    this.#underWay.delete(id);
    return reader;
  }

  #ask(reader: Reader, from: number, to: number, out: OrderingOutbox): number {
    const id = ++this.#lastId;
    this.#underWay.set(id, reader);
    out.readLog({ id, from, to, bytesMax: LIMITS.appendBytesMax + LIMITS.orderBatchBytesMax });
    return id;
  }
}
