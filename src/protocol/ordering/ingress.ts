// The way of a peer's own records into the order: from the outbox to the leader, in order, a window at a time, and
// again until they are committed, whoever leads. Records of an earlier identity found on the disk go first. SPEC
// rules OR26-OR30.

import type { OutboxRest, StreamName } from '../../model/durable.ts';
import { type Identity, type PeerId, sameIdentity } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { SequencerAnswer } from '../../wire/ordering-messages.ts';
import { type Item, OwnStream } from './own-stream.ts';
import type { OrderingOutbox, OutboxBatch } from './port.ts';
import type { SequencerRequest } from './sequencer.ts';
import type { Site } from './site.ts';

/** Takes a request to the leader, which may be this peer. */
export type Submit = (to: PeerId, request: SequencerRequest, now: Now, out: OrderingOutbox) => void;

interface Reading {
  readonly id: number;
  readonly stream: OwnStream;
  readonly fromN: number;
  /** What the outbox had when it was asked. */
  readonly storedN: number;
}

const LOST = 'not in the outbox of its node any more';

export class Ingress {
  readonly #site: Site;
  readonly #submit: Submit;
  /** Earlier identities first; the last is the one that is written under. */
  readonly #streams: OwnStream[] = [];
  #leader: PeerId | null = null;
  /** After a change of leader or a silence, one item asks how far the leader is, and nothing follows before it has that. */
  #asksFirst = true;
  /** The last n of that item; 0: none is under way. */
  #askedN = 0;
  #pausedUntilMs = 0;
  #retryAtMs = NEVER;
  /** The n that the leader last said it waits for, and until when it need not be told again. */
  #soughtN = 0;
  #soughtUntilMs = 0;
  #reading: Reading | null = null;
  #lastReadId = 0;
  #isPumping = false;
  #hasRoom = false;

  constructor(site: Site, submit: Submit) {
    this.#site = site;
    this.#submit = submit;
  }

  get wakeAt(): number {
    const stream = this.#active();
    if (stream === undefined || this.#leader === null) return NEVER;
    if (this.#pausedUntilMs > 0) return this.#pausedUntilMs;
    // A question without an answer is asked again, also when what was asked with is not there any more.
    return stream.sent > 0 || this.#isAsking ? this.#retryAtMs : NEVER;
  }

  /** Records stored here and not known committed. */
  get pending(): number {
    let pending = 0;
    for (const { storedN, committedN } of this.#streams) pending += storedN - committedN;
    return pending;
  }

  /** Goes on with an identity; what earlier ones left in the outbox is drained before. */
  continueAs(identity: Identity, committedN: number): void {
    if (this.#of(identity) === undefined) this.#streams.push(new OwnStream(identity, committedN));
  }

  /** What the outbox held of an identity at start. To be told of the oldest identity first. */
  found({ identity, ordered, lastN }: OutboxRest, committedN: number): void {
    this.continueAs(identity, Math.max(ordered, committedN));
    const stream = this.#of(identity);
    if (stream !== undefined) stream.storedN = Math.max(stream.storedN, lastN);
  }

  /** What this identity wrote above `lastN` is given to the order under another name. */
  endAt(identity: Identity, lastN: number): void {
    this.#of(identity)?.endAt(lastN);
  }

  /** The order may be another group's, which knows other producers: all is asked anew. */
  begin(committedN: (identity: Identity) => number): void {
    this.#reading = null;
    this.#streams.splice(
      0,
      Number.POSITIVE_INFINITY,
      ...this.#streams.map(({ identity, storedN }) => {
        const stream = new OwnStream(identity, committedN(identity));
        stream.storedN = Math.max(stream.storedN, storedN);
        return stream;
      }),
    );
  }

  route(leader: PeerId | null, now: Now, out: OrderingOutbox): void {
    this.#leader = leader;
    this.#askFirst();
    this.#pausedUntilMs = 0;
    this.#soughtN = 0;
    for (const stream of this.#streams) stream.orderedN = 0;
    this.#active()?.rewind();
    this.#pump(now, out);
  }

  stored(batch: OutboxBatch, now: Now, out: OrderingOutbox): void {
    this.continueAs(batch.identity, batch.firstN - 1);
    const stream = this.#of(batch.identity);
    if (stream === undefined) return;
    stream.storedN = Math.max(stream.storedN, batch.lastN);
    const continues = stream.isRead && stream.takes(batch);
    if (continues && stream.bytes < this.#site.options.windowBytes) stream.add(itemOf(batch));
    this.#pump(now, out);
  }

  answered(producer: StreamName, answer: SequencerAnswer, now: Now, out: OrderingOutbox): void {
    const stream = this.#of(producer.identity);
    if (stream === undefined) return;
    switch (answer.kind) {
      case 'ordered':
        if (answer.ordered >= this.#askedN) this.#asksFirst = false;
        this.#moved(now);
        stream.ordered(answer.ordered);
        this.committed(producer.identity, answer.committed, now);
        break;
      case 'expect':
        this.committed(producer.identity, answer.committed, now);
        this.#seek(stream, answer.n, now);
        break;
      case 'busy':
        this.#pause(stream, answer.retryMs, now);
        break;
      case 'not-coordinator':
        this.#pause(stream, this.#site.options.retryMs, now);
        break;
      case 'retired':
        this.#drop(stream, answer.n, out);
        break;
      case 'absorbed':
        break;
    }
    this.#pump(now, out);
  }

  /**
   * Every request of a window whose first was lost is answered alike: only the first answer has one item sent again,
   * and what follows that goes once the leader has it. Otherwise each answer would beget a window, and that as many
   * answers.
   */
  #seek(stream: OwnStream, n: number, now: Now): void {
    // What the leader has said to have in the meantime it does not wait for: the word is an old one.
    if (n <= stream.orderedN && now.steadyMs < this.#retryAtMs) return;
    // What it waits for is under way.
    const isAsked = n === this.#soughtN || (this.#asksFirst && n <= this.#askedN);
    if (isAsked && now.steadyMs < this.#soughtUntilMs) return;
    this.#soughtN = n;
    this.#soughtUntilMs = now.steadyMs + this.#site.options.retryMs;
    this.#askFirst();
    this.#moved(now);
    stream.seek(n);
  }

  /** Own records up to `n` are committed, by the leader's word or by the log's. Told once a step. */
  committed(identity: Identity, n: number, now: Now): void {
    const stream = this.#of(identity);
    if (stream === undefined || !stream.commit(n)) return;
    this.#moved(now);
    // The log has answered before the leader did.
    if (this.#askedN > 0 && n >= this.#askedN) this.#asksFirst = false;
    this.#hasRoom = true;
  }

  read(id: number, batches: readonly OutboxBatch[], now: Now, out: OrderingOutbox): void {
    const reading = this.#reading;
    if (reading === null || reading.id !== id) return;
    this.#reading = null;
    const { stream, fromN } = reading;
    if (this.#streams.includes(stream) && stream.tailN + 1 === fromN) {
      if (!this.#took(reading, batches, out)) this.#pause(stream, this.#site.options.retryMs, now);
    }
    this.#pump(now, out);
  }

  /** After each step: what the log said to be committed has made room. */
  settle(now: Now, out: OrderingOutbox): void {
    if (this.#hasRoom) this.#pump(now, out);
  }

  wake(now: Now, out: OrderingOutbox): void {
    if (now.steadyMs < this.wakeAt) return;
    if (this.#pausedUntilMs === 0) this.#active()?.rewind();
    this.#pausedUntilMs = 0;
    this.#askFirst();
    this.#pump(now, out);
  }

  /** Whether an item that asks is under way. */
  get #isAsking(): boolean {
    return this.#asksFirst && this.#askedN > 0;
  }

  #askFirst(): void {
    this.#asksFirst = true;
    this.#askedN = 0;
  }

  #active(): OwnStream | undefined {
    return this.#streams[0];
  }

  #of(identity: Identity): OwnStream | undefined {
    return this.#streams.find((stream) => sameIdentity(stream.identity, identity));
  }

  #moved(now: Now): void {
    this.#retryAtMs = now.steadyMs + this.#site.options.retryMs;
  }

  #pause(stream: OwnStream, forMs: number, now: Now): void {
    stream.rewind();
    this.#askFirst();
    this.#pausedUntilMs = now.steadyMs + Math.max(1, forMs);
  }

  #pump(now: Now, out: OrderingOutbox): void {
    // Where this peer leads, a request is answered before it returns.
    if (this.#isPumping) return;
    this.#tell(out);
    this.#hasRoom = false;
    this.#isPumping = true;
    while (this.#sendNext(now, out));
    this.#isPumping = false;
  }

  #tell(out: OrderingOutbox): void {
    for (const stream of this.#streams) {
      const { identity, committedN: upto } = stream;
      if (!stream.isNews()) continue;
      out.ordered(identity, upto);
      out.announce({ type: 'own-committed', identity, upto });
    }
  }

  #sendNext(now: Now, out: OrderingOutbox): boolean {
    const stream = this.#active();
    if (stream === undefined || this.#leader === null || this.#pausedUntilMs > now.steadyMs) return false;
    this.#pausedUntilMs = 0;
    if (stream.isDrained && this.#streams.length > 1) return this.#retire(stream, now, out);
    const item = stream.next;
    if (item === undefined) {
      this.#readOn(stream, out);
      return false;
    }
    const { windowBatches, windowBytes } = this.#site.options;
    if (this.#isAsking) return false;
    if (stream.sent >= windowBatches || stream.sentBytes >= windowBytes) return false;
    if (stream.sent === 0) this.#moved(now);
    stream.markSent();
    const { firstN, lastN, content } = item;
    if (this.#asksFirst) this.#askedN = lastN;
    this.#send(stream, { firstN, lastN, content }, now, out);
    return true;
  }

  /** An earlier identity writes no more once all it had is committed. (OR30) */
  #retire(stream: OwnStream, now: Now, out: OrderingOutbox): boolean {
    this.#tell(out);
    this.#streams.shift();
    this.#askFirst();
    const { committedN } = stream;
    if (committedN > 0) {
      this.#send(stream, { firstN: committedN, lastN: committedN, content: { kind: 'retire' } }, now, out);
    }
    return true;
  }

  #send(stream: OwnStream, what: Omit<SequencerRequest, 'producer'>, now: Now, out: OrderingOutbox): void {
    if (this.#leader === null) return;
    const producer = { origin: this.#site.self, identity: stream.identity };
    this.#submit(this.#leader, { producer, ...what }, now, out);
  }

  #readOn(stream: OwnStream, out: OrderingOutbox): void {
    if (!stream.lacks || this.#reading !== null) return;
    const id = ++this.#lastReadId;
    const fromN = stream.tailN + 1;
    this.#reading = { id, stream, fromN, storedN: stream.storedN };
    out.readOutbox({ id, identity: stream.identity, fromN, bytesMax: this.#site.options.windowBytes });
  }

  /** False when nothing can be done with it for a while. */
  #took({ stream, fromN, storedN }: Reading, batches: readonly OutboxBatch[], out: OrderingOutbox): boolean {
    const first = batches[0];
    if (first === undefined) {
      stream.isRead = true;
      // What was stored before it was asked for and is not given is not there for the next question either.
      return storedN < fromN;
    }
    if (first.firstN < fromN) return false;
    if (first.firstN > fromN) this.#passOver(stream, fromN, first.firstN - 1, out);
    for (const batch of batches) if (stream.takes(batch)) stream.add(itemOf(batch));
    if (first.lastN > stream.tailN) stream.isRead = true;
    return true;
  }

  /** The outbox lacks records. They are lost if the leader waits for them; else it has them already. (OR29) */
  #passOver(stream: OwnStream, firstN: number, lastN: number, out: OrderingOutbox): void {
    if (stream.awaitedN !== firstN) {
      stream.skipTo(lastN + 1);
      return;
    }
    stream.add({ firstN, lastN, bytes: 0, content: { kind: 'lost', reason: LOST } });
    out.announce({ type: 'records-lost', identity: stream.identity, firstN, lastN, why: LOST });
  }

  #drop(stream: OwnStream, n: number, out: OrderingOutbox): void {
    this.#tell(out);
    const { identity, storedN } = stream;
    const place = this.#streams.indexOf(stream);
    const isLast = place === this.#streams.length - 1;
    if (storedN > n) {
      const why = 'this identity was retired';
      out.announce({ type: 'records-lost', identity, firstN: n + 1, lastN: storedN, why });
    }
    if (isLast) stream.forget(storedN);
    else this.#streams.splice(place, 1);
    // Nobody answers any more what this one has asked.
    if (place === 0) this.#askFirst();
  }
}

function itemOf({ firstN, lastN, readings, payload }: OutboxBatch): Item {
  const bytes = Math.min(payload.length, LIMITS.orderBatchBytesMax);
  return { firstN, lastN, bytes, content: { kind: 'batch', readings, payload } };
}
