// Opens a peer's durable memory: looks first and changes nothing, refuses what is not its own, then repairs and
// says what it found. SPEC rules ST8-ST16.

import { ok, type Result, refused } from '../kit/result.ts';
import type { Batch, HardState, OutboxRest, Recovered, RecoveredOrder, Snapshot } from '../model/durable.ts';
import { compareIdentities, type Identity, identityText, sameIdentity } from '../model/ids.ts';
import { decodeBatch } from '../wire/durable.ts';
import { type Malformed, malformedText } from '../wire/malformed.ts';
import type { Disk, DiskFile } from './disk.ts';
import type { Finding } from './finding.ts';
import { repairHistory, searchHistory } from './history/open-history.ts';
import type { Known } from './judge.ts';
import { type OutboxOptions, OutboxStore, type StoreEvents } from './outbox-store.ts';
import {
  type Covered,
  isCoveredBy,
  isRepairRest,
  type LogFound,
  openTail,
  repairLog,
  searchLog,
} from './recovery.ts';
import { segmentName } from './segment.ts';
import { readSnapshot, SNAPSHOT_NAME, SNAPSHOT_NEW_NAME } from './snapshot-file.ts';
import {
  createSuperblock,
  readSuperblock,
  SUPERBLOCK_NAME,
  type SuperblockContent,
  saveSuperblock,
} from './superblock.ts';
import { type SuperblockState, UNUSED } from './superblock-copy.ts';
import { need, run, type StorageProblem, type Task } from './task.ts';

export interface OpenedStore {
  readonly store: OutboxStore;
  /** Null: the directory was never used. */
  readonly recovered: Recovered | null;
  readonly report: readonly Finding[];
  /** The identity may not be continued: readings of it are lost and nobody knows how many. Take a later one. */
  readonly tailUnknown: boolean;
  /** Null: the peer takes no part in the order. */
  readonly order: RecoveredOrder | null;
}

type Value = Result<Batch, Malformed>;

interface SnapshotFound {
  readonly snapshot: Snapshot | null;
  readonly finding: Finding | null;
}

export function openOutboxStore(
  disk: Disk,
  options: OutboxOptions,
  events: StoreEvents,
  done: (result: Result<OpenedStore, StorageProblem>) => void,
): void {
  run(
    open(disk, options, events),
    (opened) => done(ok(opened)),
    (problem) => done(refused(problem)),
  );
}

function* open(disk: Disk, options: OutboxOptions, events: StoreEvents): Task<OpenedStore> {
  const names = yield* need<readonly string[]>((done) => disk.list(done));
  const superblock = yield* readSuperblock(disk, names, options.node);
  const { snapshot, finding } = yield* findSnapshot(disk, names);
  const before = superblock.kind === 'found' ? superblock.copy.state : UNUSED;
  const log = yield* searchLog(disk, {
    names,
    known: knownOf(before, snapshot, finding !== null),
    covered: coveredBy(snapshot, before, options.order !== null),
    keepsEarlier: options.order !== null,
    lastNumber: before.lastSegment,
    decode: decodeBatch,
    identityOf: (value: Value) => (value.ok ? value.value.identity : null),
  });

  const isFound = superblock.kind === 'found';
  const words = before.hardState?.order ?? null;
  const history =
    options.order && (yield* searchHistory(disk, names, isFound ? before.history : null, words));
  const wasUsed = snapshot !== null || log.segments.some(({ header }) => header) || history?.identity;
  const isLost = before.hardState === null && Boolean(wasUsed);
  const hardState =
    before.hardState ?? (isLost ? lostHardState(log, snapshot, history?.identity ?? null) : null);
  const tailUnknown = before.tailUnknown || log.tailUnknown || isLost || (history?.lost ?? false);
  const lastSegment = Math.max(before.lastSegment, log.segments.at(-1)?.number ?? 0);
  const mark = history?.mark ?? before.history;
  const state: SuperblockState = { ...before, hardState, tailUnknown, lastSegment, history: mark };

  // A name that was seen and not synced would look like a lost segment after the next crash.
  yield* need<null>((done) => disk.syncDirectory(done));
  const file = yield* openSuperblock(disk, options, superblock, state);
  yield* removeRests(disk, names);
  if (finding) yield* need<null>((done) => disk.rename(SNAPSHOT_NAME, `damaged-${SNAPSHOT_NAME}`, done));
  yield* repairLog(disk, log, options.segmentBytes);
  const tail = yield* openTail(disk, log, options.segmentBytes);

  const historyStart = history && (yield* repairHistory(disk, history, names));
  const start = { ...file, superblock: state, tail, history: historyStart };
  const store = new OutboxStore(disk, options, start, events);
  const recovered = hardState && { hardState, snapshot, batches: batchesOf(log, snapshot) };
  const report = [
    ...superblockFindings(superblock, isLost),
    ...(finding ? [finding] : []),
    ...logFindings(log),
    ...(history?.findings ?? []),
  ];
  const order = history && { log: history.recovered, outbox: restsOf(log, state) };
  return { store, recovered, report, tailUnknown, order };
}

function* findSnapshot(disk: Disk, names: readonly string[]): Task<SnapshotFound> {
  if (!names.includes(SNAPSHOT_NAME)) return { snapshot: null, finding: null };
  const read = yield* readSnapshot(disk);
  if (read.ok) return { snapshot: read.value, finding: null };
  return { snapshot: null, finding: { kind: 'damaged', file: SNAPSHOT_NAME, ...read.problem } };
}

/** What neither the state plane nor the order needs any more. */
function coveredBy(
  snapshot: Snapshot | null,
  { ordered }: SuperblockState,
  isOrdered: boolean,
): Covered | null {
  if (snapshot === null) return null;
  const { identity, ownN } = snapshot;
  if (!isOrdered) return { identity, upto: ownN };
  const mark = ordered.find((mark) => sameIdentity(mark.identity, identity));
  return { identity, upto: Math.min(ownN, mark?.index ?? 0) };
}

/** What of each identity is not known ordered, oldest first. */
function restsOf(log: LogFound<Value>, { ordered }: SuperblockState): readonly OutboxRest[] {
  const rests = new Map<string, OutboxRest>();
  for (const part of log.segments.flatMap(({ parts }) => parts)) {
    if (part.type !== 'copy' || part.piece.record.kind !== 'data' || !part.piece.value.ok) continue;
    const { identity } = part.piece.value.value;
    const { index, count } = part.piece.record;
    const name = identityText(identity);
    const upto = ordered.find((mark) => sameIdentity(mark.identity, identity))?.index ?? 0;
    const lastN = index + count - 1;
    if (lastN > upto)
      rests.set(name, { identity, ordered: upto, firstN: rests.get(name)?.firstN ?? index, lastN });
  }
  return [...rests.values()];
}

/** What superblock and snapshot know of the log. */
function knownOf(state: SuperblockState, snapshot: Snapshot | null, isSnapshotDamaged: boolean): Known {
  const current = state.hardState?.identity ?? null;
  if (current === null) return { current, first: null, durable: 0 };
  const { floor } = state;
  const inFloor = floor && sameIdentity(floor.identity, current) ? floor.index : 0;
  const inSnapshot = snapshot && sameIdentity(snapshot.identity, current) ? snapshot.ownN : 0;
  return {
    current,
    first: isSnapshotDamaged ? null : inSnapshot + 1,
    durable: Math.max(inFloor, inSnapshot),
  };
}

/** Opens the superblock, and makes both copies say what is known before anything is repaired. */
function* openSuperblock(
  disk: Disk,
  options: OutboxOptions,
  content: SuperblockContent,
  state: SuperblockState,
): Task<{ superblockFile: DiskFile; generation: number }> {
  if (content.kind === 'unused') yield* createSuperblock(disk);
  const file = yield* need<DiskFile>((done) => disk.open(SUPERBLOCK_NAME, done));
  // The better copy may have been written by a process that was killed before its sync. (ST13)
  yield* need<null>((done) => file.sync(done));
  const generation = content.kind === 'found' ? content.copy.generation + 1 : 1;
  const worse = (content.kind === 'found' ? content.badCopies[0] : undefined) ?? 0;
  yield* saveSuperblock(file, options.node, worse, { generation, state });
  return { superblockFile: file, generation };
}

function* removeRests(disk: Disk, names: readonly string[]): Task<null> {
  for (const name of names) {
    if (!isRepairRest(name) && name !== SNAPSHOT_NEW_NAME) continue;
    yield* need<null>((done) => disk.remove(name, done));
  }
  return null;
}

/** The latest identity that anything here was written under; how often it had started is not known any more. */
function lostHardState(
  log: LogFound<Value>,
  snapshot: Snapshot | null,
  history: Identity | null,
): HardState | null {
  const identities: Identity[] = [snapshot?.identity, history].filter((identity) => !!identity);
  for (const { header } of log.segments) if (header) identities.push(header.identity);
  const identity = identities.sort(compareIdentities).at(-1);
  return identity ? { identity, incarnation: 0 } : null;
}

/** Batches that the snapshot does not cover, oldest first. */
function batchesOf(log: LogFound<Value>, snapshot: Snapshot | null): Batch[] {
  const covered = snapshot && { identity: snapshot.identity, upto: snapshot.ownN };
  const batches: Batch[] = [];
  for (const { parts } of log.segments) {
    for (const part of parts) {
      if (part.type !== 'copy' || part.piece.record.kind !== 'data' || !part.piece.value.ok) continue;
      const batch = part.piece.value.value;
      const { index, count } = part.piece.record;
      if (!isCoveredBy(batch.identity, index + count - 1, covered)) batches.push(batch);
    }
  }
  return batches;
}

function superblockFindings(content: SuperblockContent, isLost: boolean): Finding[] {
  if (content.kind === 'lost' || isLost) return [{ kind: 'superblock-lost' }];
  if (content.kind === 'unused') return [];
  return content.badCopies.map((copy) => ({ kind: 'superblock-copy', copy }));
}

function logFindings(log: LogFound<Value>): Finding[] {
  const findings = [...log.findings];
  for (const { number, parts } of log.segments) {
    for (const part of parts) {
      if (part.type !== 'copy' || part.piece.record.kind !== 'data' || part.piece.value.ok) continue;
      const { index, count } = part.piece.record;
      findings.push({
        kind: 'undecodable',
        file: segmentName(number),
        offset: part.piece.offset,
        why: malformedText(part.piece.value.problem),
        fromN: index,
        toN: index + count - 1,
      });
    }
  }
  return findings;
}
