// Facts: what happened at a peer and cannot un-happen. The same facts feed logs, metrics, the live stream and
// the simulator's checkers.

import type { Address } from './address.ts';
import type { Alert } from './alert.ts';
import type { KnownAddress } from './durable.ts';
import type { Identity, PeerId, SensorId } from './ids.ts';
import type { MemberStatus } from './member.ts';
import type { OrderFact } from './order-fact.ts';
import type { Record } from './reading.ts';
import type { RelayMessage } from './relay-message.ts';
import type { TrustRefusal } from './trust-refusal.ts';

/** How changes reached this peer; the names are those of `/api/updates`. */
export type SyncSource = 'local_sensor' | 'push' | 'pull' | 'full_sync';

export type Fact =
  | OrderFact
  /** A member was heard of for the first time, or under a new identity or address. */
  | {
      readonly type: 'member-joined';
      readonly peer: PeerId;
      readonly address: Address;
      readonly incarnation: number;
    }
  | {
      readonly type: 'member-moved';
      readonly peer: PeerId;
      readonly address: Address;
      readonly from: Address;
    }
  /** A member's status changed in this peer's eyes. */
  | {
      readonly type: 'member-status';
      readonly peer: PeerId;
      readonly status: MemberStatus;
      readonly was: MemberStatus;
      readonly incarnation: number;
      readonly why: string;
    }
  /** The address book has changed and is to be written down; not more often than once in a while. */
  | { readonly type: 'addresses-known'; readonly addresses: readonly KnownAddress[] }
  /** Somebody said this peer were suspected, dead or left; it raised its incarnation and said otherwise. */
  | { readonly type: 'rumour-refuted'; readonly said: MemberStatus; readonly incarnation: number }
  /** The incarnation this peer has taken needs to be durable before it is told to anybody. */
  | { readonly type: 'incarnation-raised'; readonly incarnation: number }
  | { readonly type: 'link-up'; readonly peer: PeerId; readonly address: Address }
  | { readonly type: 'link-down'; readonly peer: PeerId; readonly cause: string }
  /** Another live process uses this peer's id and was here first. */
  | { readonly type: 'duplicate-node'; readonly address: Address }
  /** Somebody holds a stream of this peer's id which this peer did not write: a lost or restored disk. */
  | { readonly type: 'foreign-identity'; readonly identity: Identity; readonly upto: number }
  | {
      readonly type: 'identity-taken';
      readonly identity: Identity;
      readonly was: Identity;
      readonly why: string;
    }
  /** Own changes are durable (stored). */
  | {
      readonly type: 'stored';
      readonly origin: PeerId;
      readonly identity: Identity;
      readonly firstN: number;
      readonly count: number;
    }
  | {
      readonly type: 'submit-stored';
      readonly ticket: number;
      readonly firstN: number;
      /** The last of what was submitted; where an answer is given again, at least `firstN`. */
      readonly lastN: number;
      readonly answer?: string;
    }
  | {
      readonly type: 'submit-refused';
      readonly ticket: number;
      readonly why: string;
      readonly retry: boolean;
    }
  /** Registers of one stream changed here; in rising `n`. */
  | {
      readonly type: 'registers-changed';
      readonly origin: PeerId;
      readonly identity: Identity;
      readonly records: readonly Record[];
      readonly source: SyncSource;
      readonly from: PeerId;
    }
  /** Messages from another node, in the order in which it passed them on. (MQ9) */
  | {
      readonly type: 'messages-received';
      readonly from: PeerId;
      readonly messages: readonly RelayMessage[];
    }
  /** Two origins write one sensor. It has one winner everywhere, but is often a mistake. */
  | { readonly type: 'sensor-collision'; readonly sensor: SensorId; readonly origins: readonly PeerId[] }
  /** Something should not be at a sensor, or is over; all nodes know of it. (AL4) */
  | { readonly type: 'alert'; readonly alert: Alert }
  /** A device's clock ran ahead of this origin's by more than the allowed skew. */
  | { readonly type: 'clock-suspect'; readonly sensor: SensorId; readonly aheadMs: number }
  /** This peer's own clock is off its members' median; arrival times are corrected by `offsetMs`. */
  | { readonly type: 'clock-off'; readonly offsetMs: number }
  | { readonly type: 'full-sync-started'; readonly peer: PeerId }
  | { readonly type: 'full-sync-finished'; readonly peer: PeerId; readonly records: number }
  /** For the first time since something was missing, a whole exchange found both sides equal. */
  | { readonly type: 'converged'; readonly peer: PeerId }
  /** Somebody was kept out, or what came in somebody's name was; of many in a short time, a few are told. */
  | {
      readonly type: 'peer-refused';
      readonly where: string;
      readonly why: TrustRefusal;
      /** Whom it says, or is known, to be. */
      readonly named: PeerId | null;
    }
  | {
      readonly type: 'message-refused';
      readonly peer: PeerId;
      readonly code: string;
      readonly reason: string;
    };
