// What the parts of the ordering share: who the peer is, what it was told to do, and by which rules.

import type { Identity, PeerId } from '../../model/ids.ts';
import type { OrderingOptions } from './options.ts';
import type { OrderingRules } from './rules.ts';

export interface Site {
  readonly self: PeerId;
  /** Of the peer's disk; another one when the disk turns out to be somebody else's past. */
  identity: Identity;
  readonly options: OrderingOptions;
  readonly rules: OrderingRules;
  readonly counters: OrderingCounters;
  /**
   * Counts how often a log of this peer was cut or begun. A disk's answer to an append from before says nothing after
   * it, nor one to an append to a former log about the one that took its place.
   */
  logVersion: number;
}

/** Rising only. */
export interface OrderingCounters {
  entriesAppended: number;
  entriesCommitted: number;
  readingsCommitted: number;
  requestsSequenced: number;
  requestsDuplicate: number;
  requestsRefused: number;
  mismatches: number;
  rewinds: number;
  cuts: number;
  messagesRefused: number;
  entriesFetched: number;
  entriesServed: number;
}

export function orderingCounters(): OrderingCounters {
  return {
    entriesAppended: 0,
    entriesCommitted: 0,
    readingsCommitted: 0,
    requestsSequenced: 0,
    requestsDuplicate: 0,
    requestsRefused: 0,
    mismatches: 0,
    rewinds: 0,
    cuts: 0,
    messagesRefused: 0,
    entriesFetched: 0,
    entriesServed: 0,
  };
}
