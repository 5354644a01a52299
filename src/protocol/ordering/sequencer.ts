// The leader's door: it lets each producer's records into the log once and in order, and answers how far they are.
// A request that comes again is answered and changes nothing. SPEC rules OR7, OR17-OR19.

import type { StreamName } from '../../model/durable.ts';
import type { Entry, EntryBody } from '../../model/entry.ts';
import type { GroupId } from '../../model/group-view.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Now } from '../../model/time.ts';
import type { ReplicateMessage, SequencerAnswer } from '../../wire/ordering-messages.ts';
import type { Leader } from './leader.ts';
import type { OrderingOutbox } from './port.ts';
import type { Producer } from './producers.ts';
import type { Replica } from './replica.ts';
import type { Site } from './site.ts';

export type SequencerRequest = Omit<
  Extract<ReplicateMessage, { type: 'SEQUENCER_REQUEST' }>,
  'type' | 'group' | 'identity' | 'dissolved'
>;

/** Tells who asked; the peer's own ingress is told without a message. */
export type Answer = (
  to: PeerId,
  producer: StreamName,
  answer: SequencerAnswer,
  now: Now,
  out: OrderingOutbox,
) => void;

export class Sequencer {
  readonly #site: Site;
  readonly #replica: Replica;
  readonly #leader: Leader;
  readonly #answer: Answer;
  /** Who handed in the records of a producer last: told when they are committed. */
  readonly #askers = new Map<Producer, PeerId>();
  /** Producers with records committed in the step under way. */
  readonly #toTell = new Set<Producer>();
  /** Who handed a dissolved group over. */
  readonly #mergers = new Map<GroupId, { readonly peer: PeerId; readonly producer: StreamName }>();
  readonly #absorbed = new Set<GroupId>();
  /** Of which this leader has committed that all is in; each member of one may ask. */
  readonly #done = new Set<GroupId>();
  /** While it hands its place to another, a leader lets nothing in. */
  isOpen = true;

  constructor(site: Site, replica: Replica, leader: Leader, answer: Answer) {
    this.#site = site;
    this.#replica = replica;
    this.#leader = leader;
    this.#answer = answer;
  }

  request(from: PeerId, request: SequencerRequest, now: Now, out: OrderingOutbox): void {
    const answer = this.#judge(from, request, now, out);
    if (answer === null) return;
    const isRefused = answer.kind !== 'ordered' && answer.kind !== 'absorbed';
    this.#site.counters.requestsRefused += isRefused ? 1 : 0;
    this.#answer(from, request.producer, answer, now, out);
  }

  committed({ body }: Entry): void {
    if (body.kind === 'absorbed') {
      this.#absorbed.add(body.group);
      this.#done.add(body.group);
    }
    if (body.kind !== 'data' && body.kind !== 'gap' && body.kind !== 'retire') return;
    const producer = this.#replica.producers.of(body.producer);
    if (producer !== undefined && this.#askers.has(producer)) this.#toTell.add(producer);
  }

  /** Tells, once for each producer, what the step has committed. */
  tell(now: Now, out: OrderingOutbox): void {
    for (const of of this.#absorbed) {
      const merger = this.#mergers.get(of);
      if (merger !== undefined)
        this.#answer(merger.peer, merger.producer, { kind: 'absorbed', of }, now, out);
    }
    this.#absorbed.clear();
    if (this.#toTell.size === 0) return;
    const told = [...this.#toTell];
    this.#toTell.clear();
    for (const producer of told) {
      const asker = this.#askers.get(producer);
      if (asker !== undefined) this.#answer(asker, producer.name, this.#ordered(producer), now, out);
    }
  }

  /** Null: it is in the log, and answered when it is committed. */
  #judge(from: PeerId, request: SequencerRequest, now: Now, out: OrderingOutbox): SequencerAnswer | null {
    const { producer: name, firstN, lastN, content } = request;
    const { producers, uncommittedBytes, isSealed } = this.#replica;
    const { options, rules, counters } = this.#site;
    if (content.kind === 'absorbed') return this.#absorbs(from, name, content, now, out);
    const known = producers.of(name);
    const had = known?.lastN ?? 0;
    if (known?.retired) return { kind: 'retired', n: had };
    if (content.kind !== 'retire' && known !== undefined && lastN <= had) {
      counters.requestsDuplicate++;
      this.#askers.set(known, from);
      return this.#ordered(known);
    }
    const next = rules.expects(had);
    if (content.kind !== 'retire' && firstN !== next) {
      return { kind: 'expect', n: next, committed: known?.committedN ?? 0 };
    }
    const isFull = uncommittedBytes > options.uncommittedBytesMax || producers.size >= LIMITS.producersMax;
    if (!this.isOpen || isSealed || isFull) return { kind: 'busy', retryMs: options.retryMs };
    counters.requestsSequenced++;
    const readings = content.kind === 'batch' ? content.readings : 0;
    this.#leader.propose(bodyOf(request), readings, now, out);
    const row = producers.of(name);
    if (row !== undefined) this.#askers.set(row, from);
    return null;
  }

  #absorbs(
    peer: PeerId,
    producer: StreamName,
    { of, upto }: { readonly of: GroupId; readonly upto: number },
    now: Now,
    out: OrderingOutbox,
  ): SequencerAnswer | null {
    if (!this.isOpen || this.#replica.isSealed) return { kind: 'busy', retryMs: this.#site.options.retryMs };
    if (this.#done.has(of)) return { kind: 'absorbed', of };
    const isAsked = this.#mergers.has(of);
    this.#mergers.set(of, { peer, producer });
    if (!isAsked) this.#leader.propose({ kind: 'absorbed', group: of, upto }, 0, now, out);
    return null;
  }

  #ordered({ lastN, committedN }: Producer): SequencerAnswer {
    return {
      kind: 'ordered',
      ordered: lastN,
      committed: committedN,
      credit: this.#site.options.windowBatches,
    };
  }
}

function bodyOf({ producer, firstN, lastN, content }: SequencerRequest): EntryBody {
  switch (content.kind) {
    case 'batch':
      return { kind: 'data', producer, firstN, lastN, payload: content.payload };
    case 'lost':
      return { kind: 'gap', producer, firstN, lastN, reason: content.reason };
    case 'retire':
      return { kind: 'retire', producer };
    case 'absorbed':
      return { kind: 'absorbed', group: content.of, upto: content.upto };
  }
}
