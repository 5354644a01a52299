// Nobody hears of a record that a crash of its origin could undo: no message names an `n` above what was
// durable at the origin at that moment. SPEC rule SM10.

import type { StreamName } from '../../model/durable.ts';
import { identityText, type PeerId } from '../../model/ids.ts';
import type { Delta, Digest, Message } from '../../wire/messages.ts';
import type { Ledger } from '../ledger.ts';
import type { Place } from '../watcher.ts';
import { Checker, type Complain } from './checker.ts';

export class ToldIsDurable extends Checker {
  readonly rule = 'what is told is durable at its origin';
  readonly #ledger: Ledger;
  /** One message is often sent to many. */
  #last: Message | null = null;

  constructor(complain: Complain, ledger: Ledger) {
    super(complain);
    this.#ledger = ledger;
  }

  override sent(at: Place, _to: PeerId, message: Message): void {
    if (message === this.#last) return;
    this.#last = message;
    switch (message.type) {
      case 'GET_STATE':
      case 'FULL_SYNC_REQUEST':
        this.#checkDigest(at, message.digest);
        return;
      case 'GOSSIP_STATE':
      case 'GET_DELTA':
        this.#checkDigest(at, message.digest);
        this.#checkDeltas(at, message.deltas);
        return;
      case 'SENSOR_UPDATE':
      case 'FULL_SYNC_RESPONSE':
        this.#checkDeltas(at, message.deltas);
        return;
      default:
        return;
    }
  }

  #checkDigest(at: Place, digest: Digest): void {
    // Only names tell whose watermarks these are.
    if (digest.kind !== 'entries') return;
    for (const entry of digest.entries) this.#check(at, entry, entry.upto);
  }

  #checkDeltas(at: Place, deltas: readonly Delta[]): void {
    for (const delta of deltas) {
      this.#check(at, delta, Math.max(delta.upto, delta.records.at(-1)?.n ?? 0));
    }
  }

  #check(at: Place, { origin, identity }: StreamName, n: number): void {
    const durableN = this.#ledger.stream(origin, identity)?.durableN ?? 0;
    if (n <= durableN) return;
    this.complain(
      at,
      `tells of ${origin} ${identityText(identity)} up to ${n}, of which ${durableN} are durable`,
    );
  }
}
