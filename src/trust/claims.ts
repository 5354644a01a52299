// What a message says in its sender's own name must be about its sender: that it leads, that it would lead, that it is
// this member, that these readings are its own. What it passes on of others is not judged here. SPEC rule TR6.

import type { PeerId } from '../model/ids.ts';
import type { Message } from '../wire/messages.ts';

/** In whose name the message speaks, where only one may; null where anybody may say it. */
export function claimedBy(message: Message): PeerId | null {
  switch (message.type) {
    case 'JOIN_REQUEST':
      return message.self.peer;
    case 'VIEW_SYNC_REQUEST':
      return message.member.peer;
    // Each ballot has one possible owner, so one possible leader.
    case 'COORDINATOR':
    case 'APPEND':
    case 'HEARTBEAT':
    case 'ELECTION':
    case 'FOUND_PREPARE':
    case 'FOUND_ACCEPT':
      return message.ballot.peer;
    // Readings of a group that has gone into another are handed over by whoever leads it.
    case 'SEQUENCER_REQUEST':
      return message.dissolved === null ? message.producer.origin : null;
    default:
      return null;
  }
}
