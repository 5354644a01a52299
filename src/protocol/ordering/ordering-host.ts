// What the ordering asks of who wires it with elections.

import type { Ballot } from '../../model/ballot.ts';
import type { OrderState } from '../../model/entry.ts';
import type { Now } from '../../model/time.ts';
import type { PeerHealth } from '../../wire/ordering-messages.ts';
import type { Outcome } from './outcome.ts';
import type { OrderingOutbox } from './port.ts';

export interface OrderingHost {
  /** Words for the disk, beside the promise. */
  remember(words: Partial<Omit<OrderState, 'promised'>>, out: OrderingOutbox): void;
  health(now: Now): PeerHealth;
  /** Nothing below this ballot counts any more. */
  raise(ballot: Ballot, now: Now, out: OrderingOutbox): void;
  /** A candidate's wish for a longer log was granted, or not. */
  synced(isAdopted: boolean, now: Now, out: OrderingOutbox): void;
  /** The peer has a log, or another one. */
  entered(now: Now, out: OrderingOutbox): void;
  halt(outcome: Exclude<Outcome, { kind: 'fine' }>, now: Now, out: OrderingOutbox): void;
}
