// Whatever goes over a link or to the disk stays within its limit, and so does what a peer keeps under way.
// SPEC rule SM61.

import type { PeerId } from '../../../model/ids.ts';
import { LIMITS } from '../../../model/limits.ts';
import type { Message } from '../../../wire/messages.ts';
import type { OrderPlace } from '../watcher.ts';
import { OrderChecker } from './checker.ts';

export class Bounds extends OrderChecker {
  readonly rule = 'everything has a bound';

  override sent(at: OrderPlace, _to: PeerId, message: Message): void {
    if ('entries' in message) this.#entries(at, message);
    if (message.type === 'SEQUENCER_REQUEST' && message.content.kind === 'batch') {
      const bytes = message.content.payload.length;
      if (bytes > LIMITS.orderBatchBytesMax) this.complain(at, `sends a batch of ${bytes} bytes`);
    }
    if (message.type === 'MISMATCH' && message.epochs.length > LIMITS.epochsPerMessageMax) {
      this.complain(at, `sends ${message.epochs.length} epochs`);
    }
    if (message.type === 'BASE' && message.part.length > LIMITS.basePartBytesMax) {
      this.complain(at, `sends a part of a base of ${message.part.length} bytes`);
    }
  }

  #entries(at: OrderPlace, message: Message & { readonly entries: readonly object[] }): void {
    const { entries, type } = message;
    if (entries.length > LIMITS.appendEntriesMax)
      this.complain(at, `sends ${entries.length} entries by ${type}`);
    if (entries.length < 2) return;
    let bytes = 0;
    for (const entry of entries) bytes += 'bytes' in entry ? (entry.bytes as Uint8Array).length : 0;
    if (bytes > LIMITS.appendBytesMax) this.complain(at, `sends entries of ${bytes} bytes by ${type}`);
  }
}
