// What went over the wire, by kind and by the names people know. SPEC rule RP46.

import type { PeerId } from '../../model/ids.ts';
import type { AckMessage, ReplicationMessage } from '../../wire/messages.ts';
import type { Outbox } from '../outbox.ts';

type Spoken = ReplicationMessage | AckMessage;

export class Traffic {
  readonly #counts = {
    gossip_messages_received_total: 0,
    gossip_messages_sent_total: 0,
    sensor_updates_applied_total: 0,
    sensor_updates_pushed_total: 0,
    get_delta_requests_received_total: 0,
    get_delta_requests_sent_total: 0,
    get_delta_unavailable_total: 0,
    full_sync_requests_received_total: 0,
    full_sync_requests_sent_total: 0,
    full_sync_responses_received_total: 0,
    full_sync_responses_sent_total: 0,
    replication_rounds_total: 0,
  };

  send(to: PeerId, message: Spoken, out: Outbox): void {
    const counts = this.#counts;
    counts.gossip_messages_sent_total++;
    switch (message.type) {
      case 'GET_DELTA':
        counts.get_delta_requests_sent_total++;
        break;
      case 'DELTA_UNAVAILABLE':
        counts.get_delta_unavailable_total++;
        break;
      case 'FULL_SYNC_REQUEST':
        counts.full_sync_requests_sent_total++;
        break;
      case 'FULL_SYNC_RESPONSE':
        counts.full_sync_responses_sent_total++;
        break;
      case 'SENSOR_UPDATE':
        if (message.source === 'push') {
          for (const { records } of message.deltas) counts.sensor_updates_pushed_total += records.length;
        }
        break;
      default:
        break;
    }
    out.send(to, message, 'stream');
  }

  received(message: Spoken): void {
    const counts = this.#counts;
    counts.gossip_messages_received_total++;
    switch (message.type) {
      case 'GET_DELTA':
        counts.get_delta_requests_received_total++;
        break;
      case 'FULL_SYNC_REQUEST':
        counts.full_sync_requests_received_total++;
        break;
      case 'FULL_SYNC_RESPONSE':
        counts.full_sync_responses_received_total++;
        break;
      default:
        break;
    }
  }

  get appliedTotal(): number {
    return this.#counts.sensor_updates_applied_total;
  }

  applied(records: number): void {
    this.#counts.sensor_updates_applied_total += records;
  }

  round(): void {
    this.#counts.replication_rounds_total++;
  }

  counters(): { readonly [name: string]: number } {
    return { ...this.#counts };
  }
}
