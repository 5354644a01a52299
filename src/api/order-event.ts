// Facts of the history plane as rows of events; `event.ts` has the rest. SPEC rule AP6.

import { ballotText } from '../model/ballot.ts';
import type { PeerId } from '../model/ids.ts';
import type { OrderFact } from '../model/order-fact.ts';
import type { EventBody, EventDetail } from './event-row.ts';

/** Null for what comes with every reading, or answers one who asked. */
export function orderEvent(fact: OrderFact, self: PeerId): EventBody | null {
  switch (fact.type) {
    case 'committed':
    case 'own-committed':
    case 'command-done':
    case 'read-point':
      return null;
    default: {
      const { type, ...rest } = fact;
      const details: { [name: string]: EventDetail } = {};
      for (const [name, value] of Object.entries(rest)) {
        if (name === 'ballot') details[name] = ballotText(value);
        else if (Array.isArray(value)) details[name] = value.map(String);
        else if (typeof value !== 'object') details[snake(name)] = value;
      }
      if ('view' in fact) details.voters = fact.view.voters.map(({ peer }) => peer);
      const target =
        'to' in fact && typeof fact.to === 'string' ? fact.to : 'peer' in fact ? fact.peer : null;
      const event_type = type.replaceAll('-', '_');
      return {
        event_type,
        category: 'control_plane',
        sender_id: self,
        ...(target && { target_id: target }),
        details,
      };
    }
  }
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
