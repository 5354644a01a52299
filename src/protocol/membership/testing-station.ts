// What stands in the virtual network of the tests of membership, and how it is set up.

import type { Address } from '../../model/address.ts';
import type { KnownAddress } from '../../model/durable.ts';
import type { Fact } from '../../model/fact.ts';
import type { Identity, PeerId } from '../../model/ids.ts';
import type { Rumour } from '../../model/member.ts';
import type { Message } from '../../wire/messages.ts';
import type { Channel, Outbox } from '../outbox.ts';
import type { Membership } from './machine.ts';
import type { MembershipOptions } from './options.ts';

export interface LanOptions {
  readonly seed: number;
  /** One way; datagrams take half as long to half as long again. */
  readonly delayMs: number;
  readonly lossPercent: number;
  /** Streams lose packets too: what is lost is sent again after 200 ms, then after twice as long. */
  readonly lossyStreams?: boolean;
  /** Told of every fact. */
  readonly heard?: (at: Station, fact: Fact) => void;
  /** Told of every message that is sent. */
  readonly sniff?: (from: PeerId, to: PeerId, message: Message, channel: Channel) => void;
}

export interface Start {
  readonly seeds?: readonly PeerId[];
  readonly rumour?: Partial<Rumour>;
  readonly wallAheadMs?: number;
  readonly options?: Partial<MembershipOptions>;
  /** Whom it knows already. */
  readonly known?: readonly Rumour[];
  /** Its disk takes what is written and never answers. */
  readonly diskHangs?: boolean;
  /** Its address book, as its last life wrote it down. */
  readonly addresses?: readonly KnownAddress[];
}

/** A running peer. */
export interface Station {
  readonly peer: PeerId;
  readonly address: Address;
  readonly membership: Membership;
  readonly facts: { readonly atMs: number; readonly fact: Fact }[];
  readonly wallAheadMs: number;
  readonly startedMs: number;
  readonly links: Map<PeerId, Station>;
  readonly out: Outbox;
  frozen: { readonly sinceMs: number; readonly inbox: (() => void)[] } | null;
  readonly diskHangs: boolean;
  incarnation: number;
  identity: Identity;
  addresses: readonly KnownAddress[];
  running: boolean;
  /** When it is to be woken; of several alarms only that one counts. */
  alarmMs: number;
}
