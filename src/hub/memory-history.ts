// A common order of one node in memory: what is stored is committed at once and in order, or, while `quorum` is off,
// as soon as it is on again. For the hub in memory, and for tests of whoever follows the order.

import { assert, must } from '../kit/assert.ts';
import { NO_BALLOT } from '../model/ballot.ts';
import type { Batch, StreamName } from '../model/durable.ts';
import type { Entry, EntryBody } from '../model/entry.ts';
import type { GroupId, OrderView } from '../model/group-view.ts';
import { identityText, type PeerId } from '../model/ids.ts';
import type { CommandOutcome } from '../model/order-fact.ts';
import type { HistoryCommand } from '../peer/history-commands.ts';
import { encodeBatch } from '../wire/durable.ts';
import type { HistoryCarrier, LogExtent, LogPlace } from './log-source.ts';

export class MemoryHistory implements HistoryCarrier {
  readonly #self: PeerId;
  #group: GroupId = '00000000000000a1';
  #quorum = true;
  #held = false;
  #entries: Entry[] = [];
  #nextIndex = 1;
  #nextSequence = 1;
  #committed = new Map<string, number>();
  readonly #pending: (() => void)[] = [];
  /** Told of every entry that is committed. */
  onCommitted: (entry: Entry) => void = () => {};
  readonly commands: HistoryCommand[] = [];
  /** When set, every command is refused with it. */
  refusal: string | null = null;
  onCommandDone: (ticket: number, outcome: CommandOutcome) => void = () => {};
  /** When set, nothing can be read. */
  unreadable: Error | null = null;

  constructor(self: PeerId) {
    this.#self = self;
  }

  get quorum(): boolean {
    return this.#quorum;
  }

  set quorum(has: boolean) {
    this.#quorum = has;
    if (has && !this.#held) for (const commit of this.#pending.splice(0)) commit();
  }

  /** With a quorum that takes its time: what is stored meanwhile is committed when it goes on. */
  set hold(holds: boolean) {
    this.#held = holds;
    if (!holds) this.quorum = this.#quorum;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** A batch that is durable at its origin. */
  store(origin: PeerId, batch: Batch): void {
    const { identity, records } = batch;
    const first = must(records[0], 'a batch holds a record');
    const body: EntryBody = {
      kind: 'data',
      producer: { origin, identity },
      firstN: first.n,
      lastN: first.n + records.length - 1,
      payload: encodeBatch(batch),
    };
    this.append(body, records.filter(({ kind }) => kind === 'reading').length);
  }

  append(body: EntryBody, count = 0): void {
    if (this.#quorum && !this.#held) this.#commit(body, count);
    else this.#pending.push(() => this.#commit(body, count));
  }

  /** Entries up to `index` are kept no more. */
  trim(index: number): void {
    this.#entries = this.#entries.filter((entry) => entry.index > index);
  }

  /** Another group takes the place of this one, with an order of its own. */
  startGroup(group: GroupId): void {
    this.#group = group;
    this.#entries = [];
    this.#nextIndex = 1;
    this.#nextSequence = 1;
    this.#committed = new Map();
  }

  /** The order before `index` and `sequence` is not had here: as for a node that joined later. */
  startAt(index: number, sequence: number): void {
    assert(this.#entries.length === 0, 'an order begins once');
    this.#nextIndex = index;
    this.#nextSequence = sequence;
  }

  extent(): LogExtent {
    const first = this.#entries[0];
    return {
      group: this.#group,
      firstIndex: first?.index ?? this.#nextIndex,
      first: first?.firstSequence ?? this.#nextSequence,
      index: this.#nextIndex - 1,
      watermark: this.#nextSequence - 1,
    };
  }

  async read(from: LogPlace, bytesMax: number): Promise<readonly Entry[]> {
    if (this.unreadable !== null) throw this.unreadable;
    const isBefore = (entry: Entry) =>
      'index' in from ? entry.index < from.index : entry.firstSequence + entry.count <= from.sequence;
    const read: Entry[] = [];
    let bytes = 0;
    for (const entry of this.#entries) {
      if (isBefore(entry)) continue;
      if (read.length > 0 && bytes + entry.bytes.length > bytesMax) break;
      bytes += entry.bytes.length;
      read.push(entry);
    }
    return read;
  }

  view(): OrderView {
    return {
      group: this.#group,
      viewId: 1,
      role: 'voter',
      leader: this.#quorum ? this.#self : null,
      ballot: { round: 1, peer: this.#self },
      voters: [this.#self],
      learners: [],
      present: [this.#self],
      quorum: this.#quorum,
      watermark: this.#nextSequence - 1,
      commitIndex: this.#nextIndex - 1,
      lastIndex: this.#nextIndex - 1 + this.#pending.length,
      outbox: this.#pending.length,
    };
  }

  committedN(producer: StreamName): number {
    return this.#committed.get(nameOf(producer)) ?? 0;
  }

  command(ticket: number, command: HistoryCommand): void {
    if (this.refusal === null) {
      this.commands.push(command);
      this.onCommandDone(ticket, { ok: true });
    } else this.onCommandDone(ticket, { ok: false, why: this.refusal, retry: false });
  }

  #commit(body: EntryBody, count: number): void {
    const entry: Entry = {
      ballot: NO_BALLOT,
      index: this.#nextIndex,
      firstSequence: this.#nextSequence,
      count,
      body,
      chain: { a: this.#nextIndex, b: 0 },
      bytes: body.kind === 'data' ? body.payload : new Uint8Array(16),
    };
    this.#nextIndex++;
    this.#nextSequence += count;
    this.#entries.push(entry);
    if (body.kind === 'data' || body.kind === 'gap') this.#committed.set(nameOf(body.producer), body.lastN);
    this.onCommitted(entry);
  }
}

function nameOf({ origin, identity }: StreamName): string {
  return `${origin} ${identityText(identity)}`;
}
