// The layouts of the history plane's messages; `layout.ts` joins them with the others. SPEC rules WR4-WR6.

import { LIMITS } from '../model/limits.ts';
import { entriesShape } from './entry.ts';
import { clippedText, count, flag, hex16, identity, peerId, whole } from './nouns.ts';
import {
  ballot,
  chain,
  epoch,
  groupMember,
  groupView,
  indexOrNone,
  opaque,
  orNull,
  producer,
} from './order-nouns.ts';
import type {
  FoundingValue,
  OrderingMessage,
  PeerHealth,
  SequencerAnswer,
  SequencerContent,
} from './ordering-messages.ts';
import { choice, list, struct, union, type Variants } from './shape.ts';

const head = { group: hex16, identity };
const answer = { ...head, ballot, promised: ballot };
const entries = entriesShape;
const epochs = list(epoch, LIMITS.epochsPerMessageMax);
const how = choice(['election', 'transfer', 'reballot']);
const present = list(peerId, LIMITS.groupMembersMax);
const append = {
  ...head,
  ballot,
  prevIndex: count,
  prevBallot: ballot,
  prevChain: chain,
  entries,
  commitIndex: count,
};
const format = whole(1, 0xffff);

const health = struct<PeerHealth>({
  diskMs: count,
  uptimeMs: count,
  eligible: flag,
  leaving: flag,
  format,
});

const content = union<SequencerContent, 'kind'>('kind', {
  batch: [1, { readings: count, payload: opaque(LIMITS.orderBatchBytesMax) }],
  lost: [2, { reason: clippedText(LIMITS.gapReasonBytesMax) }],
  retire: [3, {}],
  absorbed: [4, { of: hex16, upto: count }],
});

const sequencerAnswer = union<SequencerAnswer, 'kind'>('kind', {
  ordered: [1, { ordered: count, committed: count, credit: count }],
  expect: [2, { n: count, committed: count }],
  busy: [3, { retryMs: count }],
  'not-coordinator': [4, { hint: orNull(peerId) }],
  retired: [5, { n: count }],
  absorbed: [6, { of: hex16 }],
});

const foundingValue = struct<FoundingValue>({ ballot, group: hex16, view: groupView });
const expect = whole(1, LIMITS.groupMembersMax);

export const ORDERING_VARIANTS: Variants<OrderingMessage, 'type'> = {
  ELECTION: [
    20,
    {
      ...head,
      kind: choice(['probe', 'claim', 'transfer', 'reballot']),
      ballot,
      lastBallot: ballot,
      lastIndex: count,
    },
  ],
  OK: [21, answer],
  YES: [22, answer],
  NO: [23, { ...answer, leader: peerId }],
  STALE: [24, { ...answer, lastBallot: ballot, lastIndex: count, eligible: flag }],
  PROMISE: [25, { ...head, ballot }],
  REFUSE: [26, answer],
  TRANSFER: [27, { ...head, ballot, lastIndex: count }],
  COORDINATOR: [28, { ...append, how, viewId: count }],
  APPEND: [29, append],
  APPEND_ACK: [30, { ...head, ballot, matchedIndex: count, durableIndex: count, version: count }],
  MISMATCH: [31, { ...head, ballot, prevIndex: count, lastIndex: count, epochs }],
  HEARTBEAT: [
    32,
    {
      ...head,
      ballot,
      viewId: count,
      beat: count,
      commitIndex: count,
      commitChain: chain,
      lastIndex: count,
      logStart: count,
      diskAgeMs: count,
    },
  ],
  HEARTBEAT_ACK: [
    33,
    {
      ...head,
      ballot,
      beat: count,
      lastIndex: count,
      matchedIndex: count,
      durableIndex: count,
      deliveredIndex: count,
      version: count,
      health,
    },
  ],
  SEQUENCER_REQUEST: [
    34,
    { ...head, producer, firstN: count, lastN: count, content, dissolved: orNull(hex16) },
  ],
  SEQUENCER_REPLY: [35, { ...head, producer, answer: sequencerAnswer }],
  MISSING_SEQ_REQUEST: [
    36,
    { ...head, nonce: count, from: count, to: count, bytesMax: count, sync: orNull(epochs) },
  ],
  MISSING_SEQ_RESPONSE: [
    37,
    {
      ...head,
      nonce: count,
      entries,
      more: flag,
      lastBallot: ballot,
      lastIndex: count,
      commitBallot: ballot,
      commitIndex: count,
      logStart: count,
      busy: flag,
    },
  ],
  BASE_REQUEST: [38, { ...head, index: indexOrNone, offset: count }],
  BASE: [39, { ...head, index: count, offset: count, total: count, part: opaque(LIMITS.basePartBytesMax) }],
  READ_INDEX_REQUEST: [40, { ...head, nonce: count }],
  READ_INDEX_REPLY: [41, { ...head, nonce: count, index: indexOrNone }],
  VIEW_SYNC_REQUEST: [42, { group: orNull(hex16), member: groupMember, expect, format, joins: flag }],
  VIEW_CHANGE: [
    43,
    {
      ...head,
      viewId: count,
      view: groupView,
      leader: orNull(peerId),
      present,
      commitIndex: count,
      logStart: count,
      dissolvedInto: orNull(hex16),
      isAbsorbed: flag,
      absorbed: orNull(hex16),
    },
  ],
  FOUND_PREPARE: [44, { expect, ballot }],
  FOUND_PROMISE: [45, { ballot, accepted: orNull(foundingValue) }],
  FOUND_ACCEPT: [46, { expect, ballot, group: hex16, view: groupView }],
  FOUND_ACCEPTED: [47, { ballot }],
  FOUND_REFUSE: [48, { ballot, promised: ballot }],
};
