// What producers have stored, kept from the disks' answers alone: by producer the highest record that was durable,
// and whether the disk that has it still lives. SPEC rule SM55.

import { type Identity, identityText, type PeerId } from '../../model/ids.ts';
import type { OrderWrite } from './image.ts';
import { type OrderPlace, OrderWatcher } from './watcher.ts';

export interface Producer {
  readonly origin: PeerId;
  readonly identity: Identity;
  storedN: number;
  readings: number;
  /** Its outbox is gone: what was not ordered by then may never be. */
  lost: boolean;
}

export class StoredLedger extends OrderWatcher {
  readonly #producers = new Map<string, Producer>();

  get producers(): Iterable<Producer> {
    return this.#producers.values();
  }

  override durable(at: OrderPlace, write: OrderWrite): void {
    if (write.type !== 'batch') return;
    const { batch } = write;
    const name = `${at.peer}/${identityText(batch.identity)}`;
    let producer = this.#producers.get(name);
    if (producer === undefined) {
      producer = { origin: at.peer, identity: batch.identity, storedN: 0, readings: 0, lost: false };
      this.#producers.set(name, producer);
    }
    producer.storedN = Math.max(producer.storedN, batch.lastN);
    producer.readings += batch.readings;
  }

  override outboxLost(at: OrderPlace): void {
    for (const producer of this.#producers.values()) if (producer.origin === at.peer) producer.lost = true;
  }
}
