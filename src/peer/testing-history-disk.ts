// A disk under a history plane in tests, and the outbox that brings it requests: each is done after a while and then
// answered, unless the process has died meanwhile.

import type { Base, Entry, OrderState, RecoveredLog } from '../model/entry.ts';
import type { Fact } from '../model/fact.ts';
import type { Identity, PeerId } from '../model/ids.ts';
import type { LogRead, OrderingOutbox, OutboxBatch, OutboxRead } from '../protocol/ordering/port.ts';
import type { Message } from '../wire/messages.ts';
import type { HistoryMesh, HistoryNode } from './testing-history.ts';

/** What would be found after the process died. */
export class HistoryDisk {
  state: OrderState;
  base: Base | null = null;
  earlier: Base[] = [];
  entries: Entry[] = [];
  floor = 0;
  batches: OutboxBatch[] = [];

  constructor(state: OrderState, base: Base | null) {
    this.state = state;
    this.base = base;
  }

  recover(): { state: OrderState; log: RecoveredLog } {
    const { base, entries, floor, earlier } = this;
    const above = base?.index ?? 0;
    const start = entries[0]?.index ?? above + 1;
    return {
      state: this.state,
      log: {
        base,
        earlier,
        entries: entries.filter(({ index }) => index > above),
        start,
        floor,
        damaged: [],
      },
    };
  }
}

export class MeshOutbox implements OrderingOutbox {
  readonly #mesh: HistoryMesh;
  readonly #node: HistoryNode;

  constructor(mesh: HistoryMesh, node: HistoryNode) {
    this.#mesh = mesh;
    this.#node = node;
  }

  send(to: PeerId, message: Message): void {
    this.#mesh.carry(this.#node, to, message);
  }

  contact(): void {}

  announce(fact: Fact): void {
    this.#node.facts.push(fact);
  }

  saveOrderState(state: OrderState): void {
    this.#mesh.write(
      this.#node,
      () => {
        this.#node.disk.state = state;
      },
      (history, out) => history.orderStateSaved(state, this.#mesh.now(), out),
    );
  }

  appendLog(entries: readonly Entry[], version: number, floor: number): void {
    const { disk } = this.#node;
    this.#node.asked.push(...entries);
    const last = entries.at(-1)?.index ?? 0;
    this.#mesh.write(
      this.#node,
      () => {
        disk.entries.push(...entries);
        disk.floor = Math.max(disk.floor, floor);
      },
      (history, out) => history.logAppended(last, version, this.#mesh.now(), out),
    );
  }

  cutLog(after: number): void {
    this.#node.asked = this.#node.asked.filter(({ index }) => index <= after);
    this.#mesh.write(
      this.#node,
      () => {
        this.#node.disk.entries = this.#node.disk.entries.filter(({ index }) => index <= after);
      },
      () => {},
    );
  }

  readLog({ id, from, to, bytesMax }: LogRead): void {
    const entries: Entry[] = [];
    let bytes = 0;
    for (const entry of this.#node.disk.entries) {
      if (entry.index < from || entry.index > to) continue;
      bytes += entry.bytes.length;
      if (entries.length > 0 && bytes > bytesMax) break;
      entries.push(entry);
    }
    this.#mesh.write(
      this.#node,
      () => {},
      (history, out) => history.logRead(id, entries, this.#mesh.now(), out),
    );
  }

  saveBase(base: Base): void {
    const { disk } = this.#node;
    const isOther = base.group !== this.#node.group;
    const isAnew = isOther || base.index > (this.#node.asked.at(-1)?.index ?? disk.base?.index ?? 0);
    this.#node.group = base.group;
    if (isAnew) this.#node.asked = [];
    this.#mesh.write(
      this.#node,
      () => {
        if (disk.base !== null && !isAnew) disk.earlier.push(disk.base);
        if (isAnew) [disk.entries, disk.earlier] = [[], []];
        disk.base = base;
      },
      (history, out) => history.baseSaved(base, this.#mesh.now(), out),
      this.#mesh.baseLateMs,
    );
  }

  mendLog(entries: readonly Entry[]): void {
    const { disk } = this.#node;
    const [from, to] = [entries[0]?.index ?? 0, entries.at(-1)?.index ?? 0];
    this.#mesh.write(
      this.#node,
      () => {
        const others = disk.entries.filter(({ index }) => index < from || index > to);
        disk.entries = [...others, ...entries].sort((a, b) => a.index - b.index);
      },
      (history, out) => history.disk({ from, to, is: 'mended' }, this.#mesh.now(), out),
    );
  }

  trimLog(upto: number): void {
    this.#mesh.write(
      this.#node,
      () => {
        const { disk } = this.#node;
        disk.entries = disk.entries.filter(({ index }) => index > upto);
        disk.earlier = disk.earlier.filter(({ index }) => index >= upto);
      },
      () => {},
    );
  }

  readOutbox({ id, identity, fromN }: OutboxRead): void {
    const batches = this.#node.disk.batches.filter(
      (batch) => batch.firstN >= fromN && batch.identity.random === identity.random,
    );
    this.#mesh.write(
      this.#node,
      () => {},
      (history, out) => history.outboxRead(id, batches, this.#mesh.now(), out),
    );
  }

  ordered(identity: Identity, upto: number): void {
    const { disk } = this.#node;
    disk.batches = disk.batches.filter(
      (batch) => batch.identity.random !== identity.random || batch.lastN > upto,
    );
  }
}
