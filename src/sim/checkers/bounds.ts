// Nothing a peer makes outgrows its limit: messages, and what waits for its disk. SPEC rule SM15.

import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Channel } from '../../protocol/outbox.ts';
import type { Digest, Message } from '../../wire/messages.ts';
import type { Place } from '../watcher.ts';
import { Checker } from './checker.ts';

export class Bounds extends Checker {
  readonly rule = 'nothing outgrows its limit';
  #last: Message | null = null;

  override sent(at: Place, to: PeerId, message: Message, channel: Channel): void {
    if (to === at.peer) this.complain(at, `sends ${message.type} to itself`);
    if (message === this.#last) return;
    this.#last = message;
    switch (message.type) {
      case 'PEER_LIST':
      case 'PING':
      case 'PONG': {
        const max = channel === 'datagram' ? LIMITS.rumoursPerDatagram : LIMITS.rumoursPerFrame;
        this.#limit(at, `rumours in a ${message.type} by ${channel}`, message.rumours.length, max);
        return;
      }
      case 'GET_STATE':
      case 'FULL_SYNC_REQUEST':
      case 'GOSSIP_STATE':
      case 'GET_DELTA':
        this.#limit(at, 'entries of a digest', entriesOf(message.digest), LIMITS.digestEntriesMax);
        this.#limit(at, 'places of a digest', placesOf(message.digest), LIMITS.digestPlacesMax);
        return;
      default:
        return;
    }
  }

  #limit(at: Place, what: string, count: number, max: number): void {
    if (count > max) this.complain(at, `${what}: ${count}, allowed are ${max}`);
  }
}

function entriesOf(digest: Digest): number {
  return digest.kind === 'entries' ? digest.entries.length : 0;
}

function placesOf(digest: Digest): number {
  return digest.kind === 'places' ? digest.parts.reduce((sum, { uptos }) => sum + uptos.length, 0) : 0;
}
