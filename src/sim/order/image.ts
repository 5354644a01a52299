// What one simulated disk holds of the order, as it would be found after a power cut. SPEC rule SM42.

import type { OutboxRest, StreamName } from '../../model/durable.ts';
import type { Base, Entry, OrderState, RecoveredLog } from '../../model/entry.ts';
import { compareIdentities, type Identity, identityText, sameIdentity } from '../../model/ids.ts';
import { firstBase } from '../../protocol/ordering/first-base.ts';
import type { OutboxBatch } from '../../protocol/ordering/port.ts';
import { EntryLog } from './entry-log.ts';

/** All that is ever written, one write a file at a time. */
export type OrderWrite =
  | { readonly type: 'identity'; readonly identity: Identity }
  | { readonly type: 'state'; readonly state: OrderState }
  | {
      readonly type: 'append';
      readonly entries: readonly Entry[];
      readonly version: number;
      readonly floor: number;
    }
  | { readonly type: 'cut'; readonly after: number; readonly version: number }
  | { readonly type: 'trim'; readonly upto: number }
  | { readonly type: 'base'; readonly base: Base }
  | { readonly type: 'batch'; readonly batch: OutboxBatch }
  | { readonly type: 'ordered'; readonly identity: Identity; readonly upto: number };

/** Indexes whose bytes no longer are what was written. */
export interface Rot {
  readonly from: number;
  readonly to: number;
}

export class OrderImage {
  identity: Identity | null = null;
  state: OrderState | null = null;
  /** Oldest first. */
  bases: Base[] = [];
  log = new EntryLog();
  floor = 0;
  rot: Rot | null = null;
  /** Own batches, of this identity and of earlier ones, that the order may still need. */
  batches: OutboxBatch[] = [];
  /** By identity: up to where the order needs no batches any more. */
  readonly ordered = new Map<string, number>();

  /** The last one that was saved. */
  get base(): Base | null {
    return this.bases.at(-1) ?? null;
  }

  get isEmpty(): boolean {
    return this.state === null && this.log.last === 0 && this.batches.length === 0;
  }

  keep(write: OrderWrite): void {
    switch (write.type) {
      case 'identity':
        this.identity = write.identity;
        break;
      case 'state':
        this.state = write.state;
        break;
      case 'append':
        this.#append(write.entries);
        this.floor = Math.max(this.floor, write.floor);
        break;
      case 'cut':
        this.log.cut(write.after);
        break;
      case 'trim':
        this.#trim(write.upto);
        break;
      case 'base':
        this.#rebase(write.base);
        break;
      case 'batch':
        this.batches.push(write.batch);
        break;
      case 'ordered':
        this.#prune(write.identity, write.upto);
        break;
    }
  }

  /** What a process that starts is told. Bytes that are rotten and were acknowledged once are damage. */
  recoverLog(): RecoveredLog {
    const { base, log, floor, rot } = this;
    const above = base?.index ?? 0;
    if (rot !== null) log.cut(rot.from - 1);
    return {
      base,
      earlier: this.bases.slice(0, -1).filter(({ index }) => index >= log.first - 1),
      entries: log.entries.filter(({ index }) => index > above),
      start: log.first,
      floor,
      damaged: rot === null ? [] : [rot],
    };
  }

  /** Nothing of the order is left but the outbox. */
  loseLog(): void {
    this.state = null;
    this.bases = [];
    this.log = new EntryLog();
    this.floor = 0;
    this.rot = null;
  }

  /** From somewhere above the base on, bytes are not what was written. */
  rotFrom(unit: number): void {
    const first = Math.max(this.log.first, (this.base?.index ?? 0) + 1);
    if (this.log.last < first) return;
    const from = first + Math.floor(unit * (this.log.last - first + 1));
    this.rot = { from, to: this.log.last };
  }

  copy(): OrderImage {
    const copy = new OrderImage();
    copy.identity = this.identity;
    copy.state = this.state;
    copy.bases = [...this.bases];
    copy.log = this.log.copy();
    copy.floor = this.floor;
    copy.rot = this.rot;
    copy.batches = [...this.batches];
    for (const [identity, upto] of this.ordered) copy.ordered.set(identity, upto);
    return copy;
  }

  /** Batches of `identity` from `fromN` on, as an outbox would read them: one that begins earlier is cut there. */
  readBatches(identity: Identity, fromN: number, bytesMax: number): readonly OutboxBatch[] {
    const name = identityText(identity);
    const read: OutboxBatch[] = [];
    let bytes = 0;
    for (const batch of this.batches) {
      if (batch.lastN < fromN || identityText(batch.identity) !== name) continue;
      bytes += batch.payload.length;
      if (read.length > 0 && bytes > bytesMax) break;
      read.push(batch.firstN < fromN ? cutBatch(batch, fromN) : batch);
    }
    return read;
  }

  #append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (this.rot !== null && entry.index === this.rot.from) this.rot = null;
      this.log.append(entry);
    }
  }

  #trim(upto: number): void {
    this.log.trim(Math.min(upto, this.log.last));
    if (this.rot !== null && this.rot.to <= upto) this.rot = null;
    this.bases = this.bases.filter(({ index }) => index >= upto);
  }

  /** A base beyond the log is where a joiner begins, and one of another group whoever goes over to that. */
  #rebase(base: Base): void {
    if (this.base !== null && base.group !== this.base.group) {
      this.bases = [base];
      this.log.restart(base.index);
      this.floor = base.index;
      this.rot = null;
      return;
    }
    if (this.base !== null && base.index <= this.base.index) return;
    this.bases.push(base);
    const held = this.log.at(base.index);
    const continues = held !== undefined && held.chain.a === base.chain.a && held.chain.b === base.chain.b;
    if (continues || base.index <= this.log.last) return;
    this.log.restart(base.index);
    this.rot = null;
  }

  #prune(identity: Identity, upto: number): void {
    const name = identityText(identity);
    this.ordered.set(name, Math.max(this.ordered.get(name) ?? 0, upto));
    this.batches = this.batches.filter(
      (batch) => batch.lastN > upto || identityText(batch.identity) !== name,
    );
  }
}

export const STAND_IN_BYTES = 8;

/** What stands for records `firstN..lastN` of whoever wrote them: their numbers. */
export function payloadOf(firstN: number, lastN: number): Uint8Array {
  const payload = new Uint8Array(STAND_IN_BYTES);
  const view = new DataView(payload.buffer);
  view.setUint32(0, firstN, true);
  view.setUint32(4, lastN, true);
  return payload;
}

function cutBatch(batch: OutboxBatch, firstN: number): OutboxBatch {
  const { identity, lastN } = batch;
  return { identity, firstN, lastN, readings: lastN - firstN + 1, payload: payloadOf(firstN, lastN) };
}

export function streamText({ origin, identity }: StreamName): string {
  return `${origin}/${identityText(identity)}`;
}

/** The highest own n that the outbox knows of. */
export function ownLastN(image: OrderImage, identity: Identity): number {
  let last = image.ordered.get(identityText(identity)) ?? 0;
  for (const batch of image.batches) {
    if (sameIdentity(batch.identity, identity)) last = Math.max(last, batch.lastN);
  }
  return last;
}

/** What the outbox holds of each identity, oldest first. */
export function restsOf({ batches, ordered }: OrderImage): readonly OutboxRest[] {
  const rests = new Map<string, OutboxRest>();
  for (const { identity, firstN, lastN } of batches) {
    const name = identityText(identity);
    const known = rests.get(name);
    rests.set(name, {
      identity,
      ordered: ordered.get(name) ?? 0,
      firstN: known?.firstN ?? firstN,
      lastN,
    });
  }
  return [...rests.values()].sort((a, b) => compareIdentities(a.identity, b.identity));
}

/** Whoever took part in a founding begins from the view that was agreed on. */
export function foundedBase(state: OrderState | null): Base | null {
  const accepted = state?.founding?.accepted;
  return accepted && accepted.group === state?.group ? firstBase(accepted.group, accepted.view) : null;
}
