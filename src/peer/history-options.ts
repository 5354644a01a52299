// The options of the history plane, and the four sets of timings.

import type { Address } from '../model/address.ts';
import type { GroupMember } from '../model/group-view.ts';
import type { Identity, PeerId } from '../model/ids.ts';
import { ELECTION_DEFAULTS, type ElectionOptions } from '../protocol/election/options.ts';
import type { HoleNews } from '../protocol/ordering/holes.ts';
import { ORDERING_DEFAULTS, type OrderingOptions } from '../protocol/ordering/options.ts';

export interface HistoryOptions {
  readonly peer: PeerId;
  /** Of the disk, at start; `identityTaken` tells of later ones. */
  readonly identity: Identity;
  readonly address: Address;
  /** Orders those who may lead; null: votes and never leads. */
  readonly priority: number | null;
  /** With how many nodes a group is founded. */
  readonly expectNodes: number;
  readonly election: ElectionOptions;
  readonly ordering: OrderingOptions;
}

/** What a link says of who is at its other end. */
export type LinkedMember = Omit<GroupMember, 'priority'>;

/** Whether the disk takes what it is given. `full`: votes and views still, readings no more. Or what it lost. */
export type DiskState = 'fine' | 'full' | HoleNews;

export const PROFILES = ['local', 'lan', 'wan', 'slow'] as const;
export type Profile = (typeof PROFILES)[number];

export interface HistoryTimings {
  readonly election: ElectionOptions;
  readonly ordering: OrderingOptions;
}

export const HISTORY_PROFILES: { readonly [profile in Profile]: HistoryTimings } = {
  local: { election: ELECTION_DEFAULTS, ordering: ORDERING_DEFAULTS },
  lan: slower(2),
  wan: slower(10),
  // The timings of the earlier system: heartbeat 5 s, silence 20 s, election 5 s.
  slow: {
    election: {
      ...ELECTION_DEFAULTS,
      suspectMs: 20_000,
      verifyMs: 5_000,
      rankMs: 500,
      okMs: 5_000,
      syncMs: 10_000,
      transferMs: 5_000,
      stableMs: 60_000,
      stallMs: 1_000,
    },
    ordering: { ...ORDERING_DEFAULTS, heartbeatMs: 5_000, learnerBeats: 1, retryMs: 5_000 },
  },
};

function slower(times: number): HistoryTimings {
  const { suspectMs, verifyMs, rankMs, okMs, syncMs, transferMs, stallMs } = ELECTION_DEFAULTS;
  const { heartbeatMs, retryMs, gatherAboveMessages } = ORDERING_DEFAULTS;
  return {
    election: {
      ...ELECTION_DEFAULTS,
      suspectMs: suspectMs * times,
      verifyMs: verifyMs * times,
      rankMs: rankMs * times,
      okMs: okMs * times,
      syncMs: syncMs * times,
      transferMs: transferMs * times,
      stallMs: stallMs * times,
    },
    ordering: {
      ...ORDERING_DEFAULTS,
      heartbeatMs: heartbeatMs * times,
      retryMs: retryMs * times,
      // Answers take longer, not the disk: what waits for one would wait in vain.
      gatherAboveMessages: gatherAboveMessages * times,
    },
  };
}
