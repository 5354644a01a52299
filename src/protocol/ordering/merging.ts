// Two groups of one site that were founded apart and meet. The smaller one, by its id, which begins with the number of
// its founders, seals its log by a last entry; nothing follows it. Whoever led then hands all records of the sealed
// log to the larger group under their own names, where the producer table makes doubles harmless; when that group has
// committed that it has all of them, the members leave for it. SPEC rules OR50-OR52.
//
//   apart ──a larger group is met──▶ (leads: seals) ──sealed for good──▶ handing over ──absorbed──▶ gone
//                                                          │  ▲
//                                                          ▼  │ nobody who hands over is heard
//                                                        waiting

import { compareText } from '../../kit/order.ts';
import type { StreamName } from '../../model/durable.ts';
import type { Entry } from '../../model/entry.ts';
import type { GroupId } from '../../model/group-view.ts';
import type { PeerId } from '../../model/ids.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { SequencerAnswer, SequencerContent } from '../../wire/ordering-messages.ts';
import type { GroupLog } from './group-log.ts';
import type { OrderingOutbox } from './port.ts';
import { isBegunAnew } from './recover-group.ts';
import type { Site } from './site.ts';

type Phase =
  | { readonly name: 'apart' }
  | { readonly name: 'waiting'; readonly untilMs: number }
  /** `entries`: a stretch of the sealed log, of which those from `done` on are not known to be in the other. */
  | { readonly name: 'handing-over'; next: number; entries: readonly Entry[]; retryMs: number }
  | { readonly name: 'gone' };

/** Members wait so many turns of greeting for the one who hands over, before they do it themselves. */
const PATIENCE_TURNS = 5;

export class Merging {
  readonly #site: Site;
  #phase: Phase = { name: 'apart' };
  #into: GroupId | null = null;
  #leader: PeerId | null = null;

  constructor(site: Site) {
    this.#site = site;
  }

  /** When those who may know more are asked, as long as this group is to go into another and has not. */
  #askAtMs = 0;

  /** The group this one goes into. */
  get into(): GroupId | null {
    return this.#into;
  }

  get isGone(): boolean {
    return this.#phase.name === 'gone';
  }

  get wakeAt(): number {
    if (this.#into === null || this.#phase.name === 'gone') return NEVER;
    if (this.#phase.name === 'handing-over') return this.#phase.retryMs;
    return this.#phase.name === 'waiting' ? Math.min(this.#phase.untilMs, this.#askAtMs) : this.#askAtMs;
  }

  /** Another group of the site; `leader` leads it, as far as the one who tells knows. */
  met(own: GroupId, other: GroupId, leader: PeerId | null): void {
    // Its former views name disks of this group: only as another disk may a peer of this one be a member there. (OR50)
    if (isBegunAnew(own, other)) return;
    if (compareText(own, other) >= 0 || (this.#into !== null && compareText(this.#into, other) > 0)) return;
    this.#into = other;
    if (leader !== null) this.#leader = leader;
  }

  /** All records of this group are in that one: nothing holds its members any more. */
  absorbed(into: GroupId): void {
    this.#into = into;
    this.#phase = { name: 'gone' };
  }

  /** After each step. */
  settle(log: GroupLog, now: Now, out: OrderingOutbox): void {
    const { replica, reign } = log;
    if (this.#into === null && replica.dissolvedInto === null) return;
    this.#into = replica.dissolvedInto ?? this.#into;
    if (this.#into === null) return;
    if (!replica.isSealed) {
      const mayEnd = reign?.leader.hasOwnCommitted && replica.views.isSettled;
      if (mayEnd) reign?.leader.propose({ kind: 'dissolve', into: this.#into }, 0, now, out);
      return;
    }
    if (this.#phase.name === 'waiting' && reign !== null) this.#handOver(log, now, out);
    if (replica.sealedAt === null || this.#phase.name !== 'apart') return;
    const { group } = replica;
    out.announce({ type: 'group-merge', group, into: this.#into, step: 'sealed' });
    const patienceMs = PATIENCE_TURNS * this.#site.options.joinEveryMs;
    if (reign !== null) this.#handOver(log, now, out);
    else this.#phase = { name: 'waiting', untilMs: now.steadyMs + patienceMs };
  }

  wake(log: GroupLog, now: Now, out: OrderingOutbox): void {
    if (now.steadyMs < this.wakeAt) return;
    this.#askAtMs = now.steadyMs + this.#site.options.joinEveryMs;
    if (this.#phase.name === 'waiting' && now.steadyMs >= this.#phase.untilMs) this.#handOver(log, now, out);
    else if (this.#phase.name === 'handing-over') this.#sendAgain(this.#phase, log, now, out);
  }

  /** A stretch of the sealed log, as it was asked for. */
  read(entries: readonly Entry[], log: GroupLog, now: Now, out: OrderingOutbox): void {
    const phase = this.#phase;
    if (phase.name !== 'handing-over' || phase.entries.length > 0 || entries[0]?.index !== phase.next) return;
    phase.entries = entries.filter(({ body }) => isHandedOver(body.kind));
    phase.next = (entries.at(-1)?.index ?? phase.next) + 1;
    this.#sendAgain(phase, log, now, out);
  }

  /** The other group's leader has something of this producer. */
  answered(
    producer: StreamName,
    answer: SequencerAnswer,
    log: GroupLog,
    now: Now,
    out: OrderingOutbox,
  ): void {
    const phase = this.#phase;
    if (phase.name !== 'handing-over') return;
    if (answer.kind === 'not-coordinator') {
      if (answer.hint !== null) this.#leader = answer.hint;
      return;
    }
    if (answer.kind === 'absorbed' && answer.of === log.replica.group) {
      this.#finish(log, out);
      return;
    }
    if (answer.kind !== 'ordered' && answer.kind !== 'retired') return;
    const upto = answer.kind === 'retired' ? Number.MAX_SAFE_INTEGER : answer.committed;
    const before = phase.entries.length;
    phase.entries = phase.entries.filter(({ body }) => !isCovered(body, producer, upto));
    if (phase.entries.length === before && before > 0) return;
    if (phase.entries.length > 0) return;
    if (phase.next <= log.replica.lastIndex) this.#readOn(phase, log, out);
    else this.#sendAgain(phase, log, now, out);
  }

  #handOver(log: GroupLog, now: Now, out: OrderingOutbox): void {
    const retryMs = now.steadyMs + this.#site.options.retryMs;
    const phase: Phase = { name: 'handing-over', next: log.replica.bases.start, entries: [], retryMs };
    this.#phase = phase;
    this.#readOn(phase, log, out);
  }

  #readOn(phase: Extract<Phase, { name: 'handing-over' }>, log: GroupLog, out: OrderingOutbox): void {
    log.readForMerge(phase.next, out);
  }

  /** All that is not known to be in the other group; when nothing is left, that it has all. */
  #sendAgain(
    phase: Extract<Phase, { name: 'handing-over' }>,
    log: GroupLog,
    now: Now,
    out: OrderingOutbox,
  ): void {
    phase.retryMs = now.steadyMs + this.#site.options.retryMs;
    const { lastIndex, group, sealedAt } = log.replica;
    if (phase.entries.length === 0 && phase.next <= lastIndex) {
      this.#readOn(phase, log, out);
      return;
    }
    for (const { body, count } of phase.entries) {
      if (body.kind === 'data') {
        const content = { kind: 'batch', readings: count, payload: body.payload } as const;
        this.#send(body.producer, body.firstN, body.lastN, content, group, out);
      } else if (body.kind === 'gap') {
        this.#send(body.producer, body.firstN, body.lastN, { kind: 'lost', reason: body.reason }, group, out);
      } else if (body.kind === 'retire') {
        this.#send(body.producer, 1, 1, { kind: 'retire' }, group, out);
      }
    }
    if (phase.entries.length > 0) return;
    const { self, identity } = this.#site;
    this.#send(
      { origin: self, identity },
      1,
      1,
      { kind: 'absorbed', of: group, upto: sealedAt ?? lastIndex },
      group,
      out,
    );
  }

  #finish(log: GroupLog, out: OrderingOutbox): void {
    const { into } = this;
    if (into === null) return;
    this.#phase = { name: 'gone' };
    out.announce({ type: 'group-merge', group: log.replica.group, into, step: 'absorbed' });
  }

  #send(
    producer: StreamName,
    firstN: number,
    lastN: number,
    content: SequencerContent,
    dissolved: GroupId,
    out: OrderingOutbox,
  ): void {
    if (this.#leader === null || this.#into === null) return;
    const head = { type: 'SEQUENCER_REQUEST', group: this.#into, identity: this.#site.identity } as const;
    out.send(this.#leader, { ...head, producer, firstN, lastN, content, dissolved }, 'stream');
  }
}

function isHandedOver(kind: Entry['body']['kind']): boolean {
  return kind === 'data' || kind === 'gap' || kind === 'retire';
}

function isCovered(body: Entry['body'], { origin, identity }: StreamName, upto: number): boolean {
  if (body.kind !== 'data' && body.kind !== 'gap' && body.kind !== 'retire') return true;
  const { producer } = body;
  if (producer.origin !== origin || producer.identity.random !== identity.random) return false;
  return body.kind === 'retire' ? upto === Number.MAX_SAFE_INTEGER : body.lastN <= upto;
}
