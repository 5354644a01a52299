// A simulated disk of bytes: the storage engine on a disk in memory. What the engine finds at a start is compared with
// what it has answered for. SPEC rules SM42, SM58.
//
// The image is what the engine answered for; checkers look at it as they look at that of any disk.

import { must } from '../../kit/assert.ts';
import type { Random } from '../../kit/random.ts';
import type { Batch } from '../../model/durable.ts';
import type { Entry } from '../../model/entry.ts';
import { type Identity, type PeerId, parseSensorId, sameIdentity } from '../../model/ids.ts';
import type { OutboxBatch } from '../../protocol/ordering/port.ts';
import { type Finding, findingText } from '../../storage/finding.ts';
import { SNAPSHOT_NAME } from '../../storage/snapshot-file.ts';
import type { Timeline } from '../timeline.ts';
import { Believed } from './believed.ts';
import { ByteEngine } from './byte-engine.ts';
import {
  type BatchesWanted,
  type DiskEvents,
  type DiskFound,
  type FileName,
  type LogWanted,
  type OrderDiskOptions,
  READ_MS,
  type SimulatedDisk,
} from './disk-port.ts';
import type { OrderImage, OrderWrite } from './image.ts';

/** Own records after which the outbox is relieved by a snapshot. */
const SNAPSHOT_EVERY = 300;

export class ByteDisk implements SimulatedDisk {
  readonly kind = 'bytes';
  readonly #timeline: Timeline;
  readonly #events: DiskEvents;
  readonly #engine: ByteEngine;
  readonly #believed = new Believed();
  #starts = 0;
  #snapshotN = 0;

  constructor(
    peer: PeerId,
    timeline: Timeline,
    random: Random,
    options: OrderDiskOptions,
    events: DiskEvents,
  ) {
    this.#timeline = timeline;
    this.#events = events;
    this.#engine = new ByteEngine(peer, timeline, random, options, events);
  }

  get image(): OrderImage {
    return this.#believed.image;
  }

  get isFull(): boolean {
    return this.#engine.isFull;
  }

  get isDoubtful(): boolean {
    return this.#engine.isSpoilt;
  }

  write(write: OrderWrite, done: (stored: OutboxBatch | null) => void): void {
    const { store } = this.#engine;
    this.#believed.ask(write);
    const kept = (stored: OutboxBatch | null): void => {
      // The process has died of an earlier answer to the same group, and another one may run.
      if (!this.#engine.runs(store)) return;
      this.#believed.keep(write);
      this.#events.durable(write);
      done(stored);
    };
    const keep = (): void => kept(null);
    switch (write.type) {
      case 'identity':
        store.saveHardState({ identity: write.identity, incarnation: this.#starts }, keep);
        break;
      case 'state':
        store.saveOrderState(write.state, keep);
        break;
      case 'append':
        store.appendLog(write.entries, write.floor, keep);
        break;
      case 'cut':
        store.cutLog(write.after, keep);
        break;
      case 'base':
        store.saveBase(write.base, keep);
        break;
      case 'batch':
        store.append(batchOf(write.batch), (stored) => {
          kept(stored ?? null);
          this.#snapshot(write.batch);
        });
        break;
      case 'trim':
        store.trimLog(write.upto);
        keep();
        break;
      case 'ordered':
        store.ordered(write.identity, write.upto);
        keep();
        break;
    }
    this.#engine.arm();
  }

  readLog({ from, to, bytesMax }: LogWanted, done: (entries: readonly Entry[]) => void): void {
    this.#engine.store.readLog(from, to, bytesMax, (entries) => {
      this.#timeline.after(READ_MS, () => done(entries));
    });
  }

  readOutbox(
    { identity, fromN, bytesMax }: BatchesWanted,
    done: (batches: readonly OutboxBatch[]) => void,
  ): void {
    // What the engine has in memory it gives at once, and no process is answered within its own step.
    this.#engine.store.readOutbox(identity, fromN, bytesMax, (batches) => {
      this.#timeline.after(READ_MS, () => done(batches));
    });
  }

  mendLog(entries: readonly Entry[], done: (mended: boolean) => void): void {
    this.#engine.store.mendLog(entries, (mended) => this.#timeline.after(READ_MS, () => done(mended)));
  }

  recover(): DiskFound {
    const engine = this.#engine;
    const { order, recovered, tailUnknown, report } = engine.now(() => engine.open());
    this.#starts++;
    const { log, outbox } = must(order, 'a store of the order has a log');
    if (recovered === null) {
      engine.now(() => this.#first());
      const { identity, state } = this.image;
      return { identity, state, log: this.image.recoverLog(), outbox, lastN: 0, isLost: false };
    }
    const { hardState, snapshot, batches } = recovered;
    const found = { identity: hardState.identity, state: hardState.order ?? null, log, outbox };
    const complaint = lossIn(report, tailUnknown) ?? this.#believed.compare(found, engine.mayBeDamaged);
    if (complaint !== null) {
      if (!engine.isSpoilt) this.#events.problem(complaint);
      return { ...found, lastN: 0, isLost: true };
    }
    // Holes are told of at each start until they are mended.
    if (log.damaged.length === 0) engine.wasWhole();
    // One of a former identity says nothing of this one's records.
    const isOwn = snapshot !== null && sameIdentity(snapshot.identity, hardState.identity);
    this.#snapshotN = isOwn ? snapshot.ownN : 0;
    for (const write of this.#believed.adopt(found, this.#snapshotN, batches)) this.#events.durable(write);
    engine.now(() => this.#save(found.identity));
    return { ...found, lastN: this.#believed.lastN, isLost: false };
  }

  born(identity: Identity): void {
    this.#believed.become(identity);
    this.#snapshotN = 0;
    this.#engine.now(() => this.#save(identity));
  }

  become(identity: Identity, done: () => void): void {
    this.#believed.become(identity);
    this.#snapshotN = 0;
    this.#engine.store.saveHardState({ identity, incarnation: this.#starts }, done);
  }

  crash(powered: boolean): void {
    this.#engine.crash(powered);
  }

  replace(image: OrderImage): void {
    this.#engine.replace();
    this.#believed.forget(image.identity);
    this.#snapshotN = 0;
  }

  rot(unit: number): void {
    this.#engine.rot(unit);
  }

  setFull(full: boolean): void {
    this.#engine.setFull(full);
  }

  setLying(lying: boolean): void {
    this.#engine.setLying(lying);
  }

  settle(): void {
    this.#engine.settle();
  }

  failNext(): void {
    this.#engine.failNext();
  }

  setSlowness(slowness: number): void {
    this.#engine.queues.setSlowness(slowness);
  }

  setStuck(stuck: boolean, names?: readonly FileName[]): void {
    this.#engine.queues.setStuck(stuck, names);
  }

  /** A disk that was never used, or one that is to be of a group that was founded before the run. */
  #first(): void {
    const { identity, state, base } = this.image;
    if (identity === null) return;
    this.#save(identity);
    if (state !== null) this.#engine.store.saveOrderState(state, () => {});
    if (base !== null) this.#engine.store.saveBase(base, () => {});
  }

  #save(identity: Identity): void {
    this.#engine.store.saveHardState({ identity, incarnation: this.#starts }, () => {});
  }

  /** The state plane would write one, and lets the outbox go up to there. */
  #snapshot({ identity, lastN }: OutboxBatch): void {
    const mine = this.image.identity;
    if (mine === null || !sameIdentity(mine, identity) || lastN < this.#snapshotN + SNAPSHOT_EVERY) return;
    // The process may have died of the answer.
    if (!this.#engine.isOpen) return;
    this.#snapshotN = lastN;
    this.#engine.store.saveSnapshot({ identity, ownN: lastN, streams: [], receipts: [] }, () => {});
  }
}

/** Of the log others have what is missing; of what only this disk had nobody has. */
function lossIn(report: readonly Finding[], tailUnknown: boolean): string | null {
  const loss = report.find((finding) => {
    if (finding.kind === 'damaged') return finding.fromN !== undefined || finding.file === SNAPSHOT_NAME;
    return (
      finding.kind === 'undecodable' || finding.kind === 'log-lost' || finding.kind === 'superblock-lost'
    );
  });
  if (loss !== undefined) return findingText(loss);
  return tailUnknown ? 'the last n is not known any more' : null;
}

const SENSOR = sensor();

function sensor() {
  const parsed = parseSensorId('s');
  return must(parsed.ok ? parsed.value : null, 's is a sensor');
}

function batchOf({ identity, firstN, lastN }: OutboxBatch): Batch {
  const records: Batch['records'] = Array.from({ length: lastN - firstN + 1 }, (_, at) => ({
    kind: 'reading',
    n: firstN + at,
    sensor: SENSOR,
    value: firstN + at,
    tsMs: 0,
    ingestTsMs: 0,
    lwwTsMs: 0,
  }));
  return { identity, records };
}
