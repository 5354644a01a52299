// What a connection needs of the broker, and what it is given when it is let in.

import type { Caller } from '../../access/caller.ts';
import type { Connection } from './connection.ts';
import type { Source } from './intake.ts';
import type { Message } from './message.ts';
import type { Connect, Properties, Will } from './packet.ts';
import type { PlainIntake } from './plain-intake.ts';
import type { Session, Subscribed } from './session.ts';

export interface ConnectionHost {
  /** Gives the client its session, or the reason why not. */
  connected(connection: Connection, connect: Connect): Admitted | number;
  publish(message: Message, source: Source, answered: (code: number | null) => void): void;
  /** Where publishes that take the short way go. */
  readonly plain: PlainIntake;
  readonly isFull: boolean;
  /** Calls back once every node that answers knows what is wanted here. */
  known(then: () => void): void;
  subscribe(session: Session, subscribed: Subscribed): boolean;
  unsubscribe(session: Session, filter: string): boolean;
  /** Sends what is retained for a new subscription. */
  retained(session: Session, subscribed: Subscribed): void;
  /** The connection is over; its will is to be told where there is one. */
  closed(connection: Connection, will: Will | null): void;
  /** Somebody sent what makes no sense. */
  refused(reason: string, why: string, payload: string): void;
  counted(direction: 'in' | 'out', bytes: number): void;
}

export interface Admitted {
  readonly session: Session;
  readonly sessionPresent: boolean;
  readonly clientId: string;
  readonly caller: Caller;
  readonly properties: Properties;
}
