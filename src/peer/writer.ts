// What comes in at this peer, on its way to the disk: numbered, appended in order, and only then told of.
// SPEC rules PR1, PR5-PR8.
//
// The surprise: while the peer's identity is not certain (at start, and while a new one is being made durable)
// the writer is `held`: readings are taken and wait unnumbered.

import { assert } from '../kit/assert.ts';
import type { Batch, Receipt } from '../model/durable.ts';
import type { Fact } from '../model/fact.ts';
import { type Identity, type PeerId, type SensorId, sameIdentity } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Record } from '../model/reading.ts';
import type { Now } from '../model/time.ts';
import { Intake, type IntakeOptions, type Taken } from './intake.ts';
import type { Input, PeerOutbox } from './port.ts';
import { Receipts } from './receipts.ts';

export type Submit = Extract<Input, { type: 'submit' | 'forget' }>;

interface Append {
  readonly batch: Batch;
  /** Who waits for it; null for a rewrite of records nobody waits for any more. */
  readonly ticket: number | null;
  readonly rewrite: boolean;
}

export interface WriterOptions extends IntakeOptions {
  readonly self: PeerId;
  readonly identity: Identity;
  /** The time with which the reading of a sensor competes that this peer shows; 0 for none. */
  readonly shownTsMs: (sensor: SensorId) => number;
  readonly announce: (fact: Fact) => void;
}

/** What was written under numbers that were given up, and who waits for it. */
interface Rewrite {
  readonly records: readonly Record[];
  /** The order has or gets them under the name that was given up. */
  readonly copies: boolean;
  readonly ticket: number | null;
  readonly receipt: Receipt | null;
}

export class Writer {
  readonly #self: PeerId;
  readonly #announce: (fact: Fact) => void;
  readonly #shownTsMs: (sensor: SensorId) => number;
  readonly #intake: Intake;
  readonly #receipts = new Receipts();
  #identity: Identity;
  #held = true;
  #holdsCopies = true;

  /** At the disk, oldest first; the disk answers in this order. Bounded with `#waiting` by submitsPendingMax. */
  readonly #appending: Append[] = [];
  #waiting: Submit[] = [];
  /** Records written under an identity that was given up, to be written again under the present one. */
  #rewrites: Rewrite[] = [];

  constructor(options: WriterOptions) {
    const { self, identity, shownTsMs, announce } = options;
    this.#self = self;
    this.#shownTsMs = shownTsMs;
    this.#identity = identity;
    this.#intake = new Intake(options);
    this.#announce = announce;
  }

  /** The highest own `n` given away. */
  get lastN(): number {
    return this.#intake.lastN;
  }

  /** Whether records of a given-up identity have not yet been written under the present one. */
  get rewriting(): boolean {
    return this.#rewrites.length > 0 || this.#appending.some((append) => append.rewrite);
  }

  /** Whether the disk has something of this writer and has not answered. */
  get isAppending(): boolean {
    return this.#appending.length > 0;
  }

  answered(key: string): Receipt | null {
    return this.#receipts.answered(key);
  }

  receipts(): readonly Receipt[] {
    return this.#receipts.all();
  }

  /** Own records and receipts found on the disk. */
  resume(records: readonly Record[], lastN: number, receipts: readonly Receipt[], wallMs: number): void {
    this.#intake.resume(records, lastN);
    for (const receipt of receipts) this.#receipts.keep(receipt, wallMs);
  }

  /**
   * Records whose name was given up, in rising `n`: written anew as soon as the writer is released. Those up to
   * `keepUpto` keep their numbers under that name as well, and the order gets them by it. (PR8, PR16)
   */
  rewrite(records: readonly Record[], keepUpto: number): void {
    const kept = records.findIndex(({ n }) => n > keepUpto);
    const copied = kept < 0 ? records.length : kept;
    for (let at = 0; at < records.length; ) {
      const copies = at < copied;
      const end = Math.min(at + LIMITS.recordsPerRewrite, copies ? copied : records.length);
      this.#rewrites.push({ records: records.slice(at, end), copies, ticket: null, receipt: null });
      at = end;
    }
  }

  /** From here on nothing is numbered until `release`. `copies`: of what is at the disk, as in `rewrite`. */
  hold(copies: boolean): void {
    this.#held = true;
    this.#holdsCopies = copies;
  }

  /** The identity is durable. A new one counts its records from 1 again. */
  release(identity: Identity, ingestTsMs: number, now: Now, host: PeerOutbox): void {
    if (!sameIdentity(identity, this.#identity)) this.#intake.restart();
    this.#identity = identity;
    this.#held = false;
    this.#writeAgain(host);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const submit of waiting) this.#write(submit, ingestTsMs, now, host);
  }

  submit(submit: Submit, ingestTsMs: number, now: Now, host: PeerOutbox): void {
    if (this.#waiting.length + this.#appending.length >= LIMITS.submitsPendingMax) {
      this.refuse(submit.ticket, 'too many submits wait for the disk', true);
    } else if (this.#held) this.#waiting.push(submit);
    else this.#write(submit, ingestTsMs, now, host);
  }

  /**
   * The disk answered. Gives the records that others may see from here on; none when their numbers were given
   * up while they were at the disk. Who waits is told by `tell`, after the records have been applied. (PR1)
   */
  appended(batch: Batch, now: Now, host: PeerOutbox): Stored | null {
    const append = this.#appending.shift();
    assert(append !== undefined && append.batch === batch, 'the disk answers appends in their order');
    if (!sameIdentity(batch.identity, this.#identity) || this.#held) {
      const { records, receipt = null } = batch;
      this.#rewrites.push({ records, copies: this.#holdsCopies, ticket: append.ticket, receipt });
      if (!this.#held) this.#writeAgain(host);
      return null;
    }
    if (batch.receipt) this.#receipts.keep(batch.receipt, now.wallMs);
    return { batch, ticket: append.ticket };
  }

  tell({ batch, ticket }: Stored): void {
    const firstN = firstNOf(batch.records);
    const { identity, records } = batch;
    this.#announce({ type: 'stored', origin: this.#self, identity, firstN, count: records.length });
    if (ticket === null) return;
    const answer = batch.receipt?.answer;
    const lastN = firstN + records.length - 1;
    this.#announce({ type: 'submit-stored', ticket, firstN, lastN, ...(answer !== undefined && { answer }) });
  }

  refuse(ticket: number, why: string, retry: boolean): void {
    this.#announce({ type: 'submit-refused', ticket, why, retry });
  }

  #write(submit: Submit, ingestTsMs: number, now: Now, host: PeerOutbox): void {
    const { ticket } = submit;
    if (submit.type === 'forget') {
      // A reading may be ahead of this clock by the allowed skew, and is meant to go, too.
      const shown = submit.sensors.map((sensor) => this.#shownTsMs(sensor) + 1);
      const lwwTsMs = Math.max(ingestTsMs, ...shown);
      this.#append({ records: this.#intake.forget(submit.sensors, lwwTsMs), ticket }, host);
      return;
    }

    const { readings, receipt } = submit;
    const known = receipt && this.#receipts.answered(receipt.key);
    if (known) {
      const { firstN, answer } = known;
      this.#announce({ type: 'submit-stored', ticket, firstN, lastN: firstN, answer });
      return;
    }
    if (receipt && this.#receipts.isUnderWay(receipt.key)) {
      this.refuse(ticket, 'a request with this Idempotency-Key is under way', true);
      return;
    }
    const taken = this.#intake.take(readings, ingestTsMs, this.#announce);
    if (taken === null) {
      this.refuse(ticket, `a node takes at most ${LIMITS.sensorsPerOriginMax} sensors`, false);
      return;
    }
    if (receipt) this.#receipts.begin(receipt.key);
    const kept = receipt && { ...receipt, firstN: firstNOf(taken.records), atMs: now.wallMs };
    this.#append({ ...taken, ticket, ...(kept && { receipt: kept }) }, host);
  }

  #writeAgain(host: PeerOutbox): void {
    const rewrites = this.#rewrites;
    this.#rewrites = [];
    for (const { records, copies, ticket, receipt } of rewrites) {
      const renumbered = this.#intake.renumber(records);
      const kept = receipt && { ...receipt, firstN: firstNOf(renumbered.records) };
      this.#append({ ...renumbered, ticket, copies, rewrite: true, ...(kept && { receipt: kept }) }, host);
    }
  }

  #append(
    what: Taken & {
      readonly ticket: number | null;
      readonly receipt?: Receipt;
      readonly rewrite?: boolean;
      readonly copies?: boolean;
    },
    host: PeerOutbox,
  ): void {
    const { records, units, ticket, receipt, rewrite = false, copies = false } = what;
    const batch: Batch = {
      identity: this.#identity,
      records,
      ...(units && { units }),
      ...(copies && { copies }),
      ...(receipt && { receipt }),
    };
    this.#appending.push({ batch, ticket, rewrite });
    host.append(batch);
  }
}

export interface Stored {
  readonly batch: Batch;
  readonly ticket: number | null;
}

function firstNOf(records: readonly Record[]): number {
  const first = records[0];
  assert(first !== undefined, 'a batch holds a record');
  return first.n;
}
