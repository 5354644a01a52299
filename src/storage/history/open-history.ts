// Opens a history log: looks first and changes nothing, then repairs what the look found and says what is there.
// SPEC rules ST34, ST35, ST40, ST41.

import type { Base, OrderState, RecoveredLog } from '../../model/entry.ts';
import type { Identity } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Disk, DiskFile } from '../disk.ts';
import type { Finding } from '../finding.ts';
import type { HistoryMark } from '../superblock-copy.ts';
import { need, type Task } from '../task.ts';
import { BASE_NEW_NAME, type BaseKept, basesIn } from './base-file.ts';
import { DIVERGED_NEW_NAME } from './diverged.ts';
import type { Scanned } from './evidence.ts';
import { fromHeaders } from './headers.ts';
import type { HistoryStart } from './history-log.ts';
import { withoutRange, withRange } from './ranges.ts';
import { REPAIR_NAME } from './rebuild.ts';
import { openActive, openBlanks, repairLog } from './repair.ts';
import { replay } from './replay.ts';
import type { Known, Replayed } from './replayed.ts';
import { reserveName } from './reserve.ts';
import type { Scan } from './scan.ts';
import {
  type BaseFound,
  type BasesFound,
  findBases,
  type Row,
  rowsOf,
  scanFile,
  withTold,
} from './search.ts';
import { segmentName, segmentNumber } from './segment.ts';
import { EMPTY_END, Segments } from './segments.ts';

export interface HistoryFound {
  readonly recovered: RecoveredLog;
  readonly findings: readonly Finding[];
  /** Entries that were acknowledged are gone and nobody knows how many. */
  readonly lost: boolean;
  /** Whose directory it was when the last segment was begun; null where none was. */
  readonly identity: Identity | null;
  /** To be saved before anything is repaired. */
  readonly mark: HistoryMark;
  readonly plan: Plan;
}

interface Plan {
  readonly base: Base | null;
  readonly bases: BasesFound;
  readonly replayed: Replayed;
  readonly rows: readonly Row[];
  readonly rests: readonly string[];
}

/** Changes nothing. `words`: what the superblock knows to be committed, and of which group's log. */
export function* searchHistory(
  disk: Disk,
  names: readonly string[],
  known: HistoryMark | null,
  words: Pick<OrderState, 'group' | 'floor'> | null,
): Task<HistoryFound> {
  // Without a superblock the latest base says where the log begins.
  const firstKnown = known?.firstSegment ?? basesIn(names)[0]?.from ?? 1;
  const bases = yield* findBases(disk, names, firstKnown);
  const first = Math.max(firstKnown, bases.good[0]?.from ?? 1);
  const last = known?.lastSegment ?? 0;
  const found = yield* rowsOf(disk, names, first, last);
  // A blank one that was never announced was not finished, or lost its place in the row.
  const isStray = ({ number, type }: Row): boolean => type === 'blank' && number > last;
  const rows = yield* withTold(
    disk,
    found.filter((row) => !isStray(row)),
  );
  const { base, replayed } = yield* replayFrom(disk, rows, bases, known);
  const { segments, holes, owed, entries } = replayed;
  const trimmed = Math.min(known?.trimmed ?? 0, base?.index ?? 0);
  const start = Math.max(segments.start, trimmed + 1);
  const earlier = bases.good.filter(({ index }) => index >= start - 1 && index < (base?.index ?? 0));
  const recovered = {
    base,
    earlier: earlier.map((one) => one.base).reverse(),
    entries,
    start,
    floor: Math.min(Math.max(replayed.floor, floorOf(words, base)), segments.end.index),
    damaged: withoutRange(owed ? withRange(holes, owed) : holes, { from: 0, to: trimmed }),
  };
  const lastSegment = lastKept(rows, replayed, first);
  // What was found is not durable before it was written again.
  const durable = Math.min(known?.durable ?? 0, segments.end.index);
  const mark = { firstSegment: first, lastSegment, durable, trimmed, holes, owed };
  const strays = found.filter(isStray).map(({ number }) => segmentName(number));
  const beyond = bases.good.filter(({ index }) => index > (base?.index ?? 0)).map(({ name }) => name);
  const rests = [...restsIn(names, mark.firstSegment, bases), ...beyond, ...strays];
  const findings = [...bases.findings, ...replayed.findings];
  const lost = replayed.lost !== null;
  const begun = rows.findLast((row) => row.type === 'begun');
  const identity = begun?.type === 'begun' ? begun.header.identity : null;
  return { recovered, findings, lost, identity, mark, plan: { base, bases, replayed, rows, rests } };
}

/** Words of another group say nothing of this log. (OR54) */
function floorOf(words: Pick<OrderState, 'group' | 'floor'> | null, base: Base | null): number {
  if (words === null || (base !== null && base.group !== words.group)) return 0;
  return words.floor;
}

interface Start {
  readonly base: Base | null;
  readonly replayed: Replayed;
}

/**
 * What nearly every start finds: a log in which nothing is wrong up to where it may have been interrupted. Then what
 * the base covers needs no decoding. Null where there is more to say.
 */
function* replayTrusting(
  disk: Disk,
  rows: readonly Row[],
  base: Base | null,
  known: HistoryMark | null,
): Task<Start | null> {
  if (base === null) return null;
  const scanFrom = firstToScan(rows, base.index);
  const scanned: Scanned[] = [];
  for (const row of rows.slice(scanFrom)) {
    if (row.type === 'missing') return null;
    scanned.push({ row, scan: yield* scanFile(disk, row.number, base.index) });
  }
  const before = fromHeaders(rows.slice(0, scanFrom), rows[scanFrom]);
  const replayed = replay(before, scanned, knownWith(base, known, rows.slice(0, scanFrom), true));
  const { findings, holes, owed, needsOlderBase, lost } = replayed;
  const isSound = holes.length === 0 && owed === null && !needsOlderBase && lost === null;
  return isSound && findings.every(({ kind }) => kind === 'torn') ? { base, replayed } : null;
}

/** `before`: the rows that are not scanned. */
function knownWith(
  base: Base | null,
  known: HistoryMark | null,
  before: readonly Row[],
  trusts: boolean,
): Known {
  const { durable = 0, holes = [], owed = null } = known ?? {};
  const committed = Math.max(0, ...before.map(({ header }) => header?.floor ?? 0));
  return { base, committed, trusts, durable, holes, owed };
}

/** Where damage shortens the log to before its base, an earlier one has to do; without one the log is lost. */
function* replayFrom(
  disk: Disk,
  rows: readonly Row[],
  bases: BasesFound,
  known: HistoryMark | null,
): Task<Start> {
  const quick = yield* replayTrusting(disk, rows, bases.good[0]?.base ?? null, known);
  if (quick !== null) return quick;
  const scans = new Map<number, Scan>();
  const candidates = [...bases.good.map(({ base }) => base), null];
  const first = candidates[0] ?? null;
  let replayed: Replayed | null = null;
  for (const base of candidates) {
    const scanFrom = firstToScan(rows, base?.index ?? 0);
    const scanned: Scanned[] = [];
    for (const row of rows.slice(scanFrom)) {
      const isThere = row.type !== 'missing';
      if (isThere && !scans.has(row.number)) scans.set(row.number, yield* scanFile(disk, row.number));
      scanned.push({ row, scan: scans.get(row.number) ?? null });
    }
    const before = fromHeaders(rows.slice(0, scanFrom), rows[scanFrom]);
    const one = replay(before, scanned, knownWith(base, known, rows.slice(0, scanFrom), false));
    replayed ??= one;
    if (!one.needsOlderBase) return { base, replayed: one };
  }
  const why = replayed?.lost ?? 'there is no base of what is left of it';
  return { base: first, replayed: emptied(rows, first, replayed, why) };
}

/** Nothing of the log can be used: it begins anew behind its base, and its files are kept aside. */
function emptied(rows: readonly Row[], base: Base | null, tried: Replayed | null, why: string): Replayed {
  const end = base ? { index: base.index, sequence: base.nextSequence, chain: base.chain } : EMPTY_END;
  const findings = tried?.findings.filter(({ kind }) => kind !== 'log-lost') ?? [];
  return {
    segments: new Segments([], end),
    entries: [],
    holes: [],
    owed: null,
    tail: null,
    damaged: rows.filter(({ type }) => type !== 'missing').map(({ number }) => number),
    suspects: [],
    blank: null,
    floor: end.index,
    findings: [...findings, { kind: 'log-lost', why }],
    lost: why,
    needsOlderBase: false,
  };
}

/** To be called once the mark is durable. */
export function* repairHistory(
  disk: Disk,
  { plan, mark }: HistoryFound,
  names: readonly string[],
): Task<HistoryStart> {
  const { base, bases, replayed, rows, rests } = plan;
  for (const name of rests) yield* need<null>((done) => disk.remove(name, done));
  yield* repairLog(disk, replayed);
  const { tail, segments, floor, holes } = replayed;
  const active = tail && (yield* openActive(disk, tail, floor));
  const begun = active?.number ?? segments.last?.number ?? 0;
  const isBlank = (row: Row): boolean => row.type === 'blank' || row.number === replayed.blank;
  const behind = rows.filter((row) => isBlank(row) && row.number > begun && row.number <= mark.lastSegment);
  const blanks = yield* openBlanks(
    disk,
    behind.map(({ number }) => number),
  );
  const reserve: (DiskFile | null)[] = [];
  for (let place = 0; place < LIMITS.historyReserveSegments; place++) {
    const isThere = names.includes(reserveName(place));
    reserve.push(isThere ? yield* need<DiskFile>((done) => disk.open(reserveName(place), done)) : null);
  }
  return {
    segments,
    writer: {
      active,
      blanks,
      reserve,
      lastNumber: mark.lastSegment,
      floor,
      isMarked: tail?.isMarked ?? true,
    },
    base,
    bases: bases.good.filter(({ index }) => index <= (base?.index ?? 0)).map(keptBase),
    firstSegment: mark.firstSegment,
    trimmed: mark.trimmed,
    holes,
    owed: mark.owed,
    suspects: [...replayed.suspects, ...rows.flatMap(({ number, type }) => (type === 'bad' ? [number] : []))],
  };
}

function keptBase({ name, index, from, base }: BaseFound): BaseKept {
  return { name, index, from, sequence: base.nextSequence, chain: base.chain };
}

/** Everything behind the base, from a segment that was begun on. */
function firstToScan(rows: readonly Row[], baseIndex: number): number {
  const lastBegun = rows.findLastIndex(({ type }) => type === 'begun');
  const needed = fromHeaders(rows, undefined).find(({ to }) => to > baseIndex);
  const at = rows.findIndex(({ number }) => number === needed?.number);
  return Math.max(0, at < 0 ? lastBegun : Math.min(at, lastBegun));
}

/** The number of the last file that stays a segment: what is kept aside loses its number. */
function lastKept(rows: readonly Row[], { damaged, tail }: Replayed, firstSegment: number): number {
  const gone = damaged.filter((number) => number !== tail?.number);
  const first = Math.min(...gone);
  const kept = rows.filter(({ number, type }) => number < first && type !== 'missing');
  return kept.at(-1)?.number ?? firstSegment - 1;
}

/** Files that a crash left behind in the middle of something, and those of segments that are gone. */
function restsIn(names: readonly string[], first: number, bases: BasesFound): readonly string[] {
  const others = basesIn(names).filter(({ name }) => !bases.good.some((kept) => kept.name === name));
  const damaged = new Set(bases.findings.map((finding) => ('file' in finding ? finding.file : '')));
  return names.filter(
    (name) =>
      name === BASE_NEW_NAME ||
      name === DIVERGED_NEW_NAME ||
      name === REPAIR_NAME ||
      (segmentNumber(name) ?? first) < first ||
      (others.some((one) => one.name === name) && !damaged.has(name)),
  );
}
