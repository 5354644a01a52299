// Whose word counts: what another group, an earlier disk or a peer nobody knows says changes nothing, however late it
// arrives, and who leads says so under its own ballot. SPEC rule OR10.

import { type Ballot, sameBallot } from '../model/ballot.ts';
import type { GroupId } from '../model/group-view.ts';
import { type PeerId, sameIdentity } from '../model/ids.ts';
import type { GroupLog } from '../protocol/ordering/group-log.ts';
import type { OrderingMessage } from '../wire/ordering-messages.ts';

/** `unknown`: of this group, and in no view known here; it may be this peer that lacks the view. */
export type Word = 'counts' | 'unknown' | 'void';

export function wordOf(
  from: PeerId,
  message: OrderingMessage,
  log: GroupLog | null,
  leads: Ballot | null,
  mergesInto: GroupId | null,
): Word {
  if (!('identity' in message) || message.type === 'VIEW_CHANGE') return 'counts';
  if (log === null) return message.type === 'BASE' ? 'counts' : 'void';
  if (message.group !== log.replica.group) {
    return message.type === 'SEQUENCER_REPLY' && message.group === mergesInto ? 'counts' : 'void';
  }
  // Who is in no view yet asks for a base, and for nothing else.
  if (message.type === 'BASE_REQUEST' || message.type === 'BASE') return 'counts';
  // A group that has gone into this one hands its records over, whoever of it does so.
  if (message.type === 'SEQUENCER_REQUEST' && message.dissolved !== null) return 'counts';
  if (!log.isKnown(from, message.identity)) return 'unknown';
  switch (message.type) {
    case 'COORDINATOR':
    case 'APPEND':
    case 'HEARTBEAT': {
      const { peer, identity } = message.ballot;
      return peer === from && sameIdentity(identity, message.identity) ? 'counts' : 'void';
    }
    case 'APPEND_ACK':
    case 'HEARTBEAT_ACK':
    case 'MISMATCH':
      return leads !== null && sameBallot(message.ballot, leads) ? 'counts' : 'void';
    default:
      return 'counts';
  }
}
