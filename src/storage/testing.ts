// A store on a disk in memory, driven answer by answer, and a memory of all that it acknowledged: what a test needs
// to crash it anywhere and to look at what is left.

import { assert, must } from '../kit/assert.ts';
import type { Random } from '../kit/random.ts';
import type { Batch, Recovered, Snapshot } from '../model/durable.ts';
import { type Identity, type PeerId, parsePeerId, parseSensorId, sameIdentity } from '../model/ids.ts';
import type { Disk, DiskProblem } from './disk.ts';
import type { Finding } from './finding.ts';
import { AnswerQueue, type DiskOperation, MemoryDisk } from './memory-disk.ts';
import { type OpenedStore, openOutboxStore } from './open-outbox.ts';
import type { OutboxOptions, OutboxStore, StoreFailure } from './outbox-store.ts';
import type { StoreEvent } from './store.ts';
import type { StorageProblem } from './task.ts';

export const ann: PeerId = must(valueIn(parsePeerId('ann')), 'ann is a peer id');
export const bob: PeerId = must(valueIn(parsePeerId('bob')), 'bob is a peer id');
const KITCHEN = must(valueIn(parseSensorId('kitchen')), 'kitchen is a sensor id');

export const SMALL: OutboxOptions = {
  node: ann,
  segmentBytes: 4_096,
  groupBytesMax: 2_048,
  markAfterMs: 50,
  retryFullAfterMs: 1_000,
  order: null,
};

export const FIRST: Identity = { birth: 1, random: '00112233445566aa' };
export const SECOND: Identity = { birth: 2, random: 'ffeeddccbbaa9988' };

export function batchOf(identity: Identity, n: number, texts: readonly string[]): Batch {
  const records = texts.map((value, at) => ({
    kind: 'reading' as const,
    n: n + at,
    sensor: KITCHEN,
    value,
    tsMs: 1_700_000_000_000,
    ingestTsMs: 1_700_000_000_000,
    lwwTsMs: 1_700_000_000_000,
  }));
  return { identity, records };
}

export function snapshotOf(identity: Identity, ownN: number): Snapshot {
  return { identity, ownN, streams: [], receipts: [] };
}

/** One machine with one disk, over many lives of a process. */
export class StoreInTest {
  readonly queue = new AnswerQueue();
  readonly disk: MemoryDisk;
  readonly failures: StoreFailure[] = [];
  readonly events: StoreEvent[] = [];
  readonly options: OutboxOptions;
  /** What the store works on; something between it and the disk may be broken. */
  readonly #between: (disk: MemoryDisk) => Disk;
  fault: (operation: DiskOperation, name: string, offset: number) => DiskProblem['kind'] | null = () => null;
  opened: OpenedStore | null = null;
  problem: StorageProblem | null = null;
  nowMs = 0;

  identity: Identity = FIRST;
  /** Text by n, of the present identity: all ever appended, and what was acknowledged or found again. */
  readonly asked = new Map<number, Set<string>>();
  readonly acknowledged = new Map<number, string>();
  nextN = 1;
  coveredN = 0;

  constructor(options: OutboxOptions = SMALL, between: (disk: MemoryDisk) => Disk = (disk) => disk) {
    this.options = options;
    this.#between = between;
    this.disk = new MemoryDisk({
      later: this.queue.later,
      fault: (operation, name, offset) => this.fault(operation, name, offset),
    });
  }

  get store(): OutboxStore {
    return must(this.opened, `the store is open (${this.problem?.kind})`).store;
  }

  get report(): readonly Finding[] {
    return must(this.opened, 'the store is open').report;
  }

  /** Begins to open; `steps` or `runAll` of the queue bring it to its end. */
  begin(): void {
    this.opened = null;
    this.problem = null;
    openOutboxStore(
      this.#between(this.disk),
      this.options,
      {
        failed: (failure) => this.failures.push(failure),
        happened: (event) => this.events.push(event),
        wakeMoved: () => {},
      },
      (result) => {
        if (result.ok) this.opened = result.value;
        else this.problem = result.problem;
      },
    );
  }

  open(): OpenedStore {
    this.begin();
    this.queue.runAll();
    return must(this.opened, `the store opens (${this.problem?.kind})`);
  }

  saveIdentity(identity: Identity): void {
    if (!sameIdentity(identity, this.identity)) {
      this.asked.clear();
      this.acknowledged.clear();
      this.nextN = 1;
      this.coveredN = 0;
    }
    this.identity = identity;
    this.store.saveHardState({ identity, incarnation: 1 }, () => {});
    this.queue.runAll();
  }

  append(...texts: string[]): void {
    const first = this.nextN;
    this.nextN += texts.length;
    for (const [at, text] of texts.entries()) {
      const n = first + at;
      this.asked.set(n, (this.asked.get(n) ?? new Set()).add(text));
    }
    this.store.append(batchOf(this.identity, first, texts), () => {
      for (const [at, text] of texts.entries()) this.acknowledged.set(first + at, text);
    });
  }

  snapshot(): void {
    const ownN = this.acknowledgedN;
    this.store.saveSnapshot(snapshotOf(this.identity, ownN), () => {
      this.coveredN = Math.max(this.coveredN, ownN);
    });
  }

  get acknowledgedN(): number {
    return Math.max(this.coveredN, ...this.acknowledged.keys());
  }

  /** Lets time pass until the store wants nothing more. */
  rest(): void {
    this.queue.runAll();
    for (let i = 0; i < 10 && this.store.wakeAt < Number.POSITIVE_INFINITY; i++) {
      this.nowMs = Math.max(this.nowMs, this.store.wakeAt);
      this.store.wake(this.nowMs);
      this.queue.runAll();
    }
  }

  wakeAfter(ms: number): void {
    this.nowMs += ms;
    this.store.wake(this.nowMs);
  }

  close(): void {
    void this.store.close();
    this.queue.runAll();
  }

  /** The process ends and the system lives on. */
  kill(): void {
    this.disk.kill();
    this.queue.runAll();
  }

  crash(random: Random): void {
    this.disk.crash(random);
    this.queue.runAll();
  }

  /**
   * Compares what an opened store found with what was acknowledged. What is missing must have been reported, and
   * nothing may be there that nobody wrote. The process goes on from what was found.
   */
  verify(): void {
    const { recovered, report, tailUnknown } = must(this.opened, 'the store is open');
    const found = textsOf(recovered, this.identity);
    const fromSnapshot = recovered?.snapshot?.ownN ?? 0;
    for (const [n, text] of found) {
      assert(this.asked.get(n)?.has(text) === true, `reading ${n} was never written as it is`);
    }
    for (const [n, text] of this.acknowledged) {
      if (n <= fromSnapshot) continue;
      const isReported = report.some((finding) => isLostIn(finding, n));
      assert(
        isReported || found.get(n) === text,
        `reading ${n} was acknowledged and is neither there nor reported`,
      );
    }
    const last = Math.max(fromSnapshot, ...found.keys());
    assert(
      tailUnknown ||
        last >= this.acknowledgedN ||
        report.some((finding) => isLostIn(finding, this.acknowledgedN)),
      `the last acknowledged n is ${this.acknowledgedN}, found was ${last}`,
    );
    this.acknowledged.clear();
    for (const [n, text] of found) this.acknowledged.set(n, text);
    this.coveredN = fromSnapshot;
    this.nextN = last + 1;
  }
}

export function textsOf(recovered: Recovered | null, identity: Identity): Map<number, string> {
  const texts = new Map<number, string>();
  for (const batch of recovered?.batches ?? []) {
    if (!sameIdentity(batch.identity, identity)) continue;
    for (const record of batch.records) {
      if (record.kind === 'reading') texts.set(record.n, String(record.value));
    }
  }
  return texts;
}

/** Texts that differ, short ones and long ones. */
export function textOf(random: Random): string {
  const length = random.chance(0.2) ? random.below(900) : random.below(40);
  return `${random.u32()}${'x'.repeat(length)}`;
}

function isLostIn(finding: Finding, n: number): boolean {
  if (finding.kind !== 'damaged') return false;
  if (finding.file === 'snapshot') return true;
  const { fromN, toN } = finding;
  return fromN !== undefined && n >= fromN && n <= (toN ?? Number.POSITIVE_INFINITY);
}

function valueIn<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false }): T | null {
  return result.ok ? result.value : null;
}
