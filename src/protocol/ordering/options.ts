import { ENTRY_FORMAT } from '../../wire/entry.ts';

export interface OrderingOptions {
  readonly heartbeatMs: number;
  /** Learners hear every so-many-th heartbeat. */
  readonly learnerBeats: number;
  /** A disk that owes an answer for longer is stuck: a leader gives up. */
  readonly diskStuckMs: number;

  /** What may be under way to one follower. */
  readonly inflightMessagesMax: number;
  readonly inflightBytesMax: number;
  /** With so many messages under way to a follower, the next one waits until it is full or one is answered. */
  readonly gatherAboveMessages: number;
  /** What a leader takes in above the commit index; beyond it the answer is BUSY. */
  readonly uncommittedBytesMax: number;
  /** Entries kept in memory that are durable and committed. */
  readonly cacheBytesMax: number;
  /** Own batches sent to the leader and not yet committed. */
  readonly windowBatches: number;
  readonly windowBytes: number;
  /** How long an ingress waits for the leader's word before it sends again. */
  readonly retryMs: number;

  readonly maxVoters: number;
  /** A voter absent for so long gives its place to a learner. Infinity: never. */
  readonly evictAfterMs: number;
  /** How long a learner keeps up before it becomes a voter. */
  readonly promoteAfterMs: number;
  /** A voter that comes back with another identity takes the place of its former one. */
  readonly autoReplace: boolean;
  /** Copies a tie-break commits with at least. */
  readonly minCopies: number;
  /** Found groups in which half the voters suffice if the highest is among them. */
  readonly tieBreak: boolean;

  /** A follower that lacks more entries fetches them from any peer instead of being sent them by the leader. */
  readonly fetchBehindEntries: number;
  /** Learners that the leader sends entries to by itself; the others fetch. */
  readonly learnersStreamedMax: number;
  readonly catchUpBytesPerSecond: number;
  readonly catchUpRequestBytes: number;
  /** Peers that are served at once. */
  readonly suppliesMax: number;
  /** How long a served peer may take to be done, before its place is given away. */
  readonly supplyMs: number;
  /** What a candidate may take over from another before it claims. */
  readonly syncBytesMax: number;

  /** A base is taken each time so many bytes of entries were committed. */
  readonly baseEveryBytes: number;
  /** How soon what is known committed is written down when no entry takes it along. */
  readonly floorSaveMs: number;
  /** The same while the disk has entries to write: behind them come others that take it along. */
  readonly floorSaveBusyMs: number;

  /** How long a node that sees nobody waits before it founds a group alone, or a quorum for the rest. */
  readonly foundAfterMs: number;
  /** How often who is in no view asks for one. */
  readonly joinEveryMs: number;
  /** The newest format of entries this peer takes. */
  readonly format: number;
}

export const ORDERING_DEFAULTS: OrderingOptions = {
  heartbeatMs: 50,
  learnerBeats: 4,
  diskStuckMs: 2_000,
  inflightMessagesMax: 64,
  inflightBytesMax: 8_388_608,
  gatherAboveMessages: 8,
  uncommittedBytesMax: 67_108_864,
  cacheBytesMax: 33_554_432,
  windowBatches: 1_024,
  windowBytes: 8_388_608,
  retryMs: 250,
  maxVoters: 5,
  evictAfterMs: 600_000,
  promoteAfterMs: 2_000,
  autoReplace: true,
  minCopies: 2,
  tieBreak: false,
  fetchBehindEntries: 4_096,
  learnersStreamedMax: 4,
  catchUpBytesPerSecond: 200_000_000,
  catchUpRequestBytes: 2_097_152,
  suppliesMax: 8,
  supplyMs: 10_000,
  syncBytesMax: 67_108_864,
  baseEveryBytes: 67_108_864,
  floorSaveMs: 5,
  floorSaveBusyMs: 100,
  foundAfterMs: 5_000,
  joinEveryMs: 1_000,
  format: ENTRY_FORMAT,
};
