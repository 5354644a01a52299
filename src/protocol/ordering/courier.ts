// Between a peer's own records and whoever leads, near or far: requests go out, answers come in, and where this peer
// leads neither needs a message. SPEC rules OR17-OR19.

import type { StreamName } from '../../model/durable.ts';
import type { Entry } from '../../model/entry.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';
import type { ReplicateMessage, SequencerAnswer } from '../../wire/ordering-messages.ts';
import type { GroupLog } from './group-log.ts';
import { Ingress } from './ingress.ts';
import type { OrderingOutbox } from './port.ts';
import type { SequencerRequest } from './sequencer.ts';
import type { Site } from './site.ts';

export class Courier {
  readonly ingress: Ingress;
  readonly #site: Site;
  #leader: PeerId | null = null;
  log: GroupLog | null = null;

  constructor(site: Site) {
    this.#site = site;
    this.ingress = new Ingress(site, (to, request, now, out) => this.#submit(to, request, now, out));
  }

  get leader(): PeerId | null {
    return this.#leader;
  }

  route(leader: PeerId | null, now: Now, out: OrderingOutbox): void {
    this.#leader = leader;
    this.ingress.route(leader, now, out);
  }

  requested(
    from: PeerId,
    message: Extract<ReplicateMessage, { type: 'SEQUENCER_REQUEST' }>,
    now: Now,
    out: OrderingOutbox,
  ): void {
    const sequencer = this.log?.reign?.sequencer;
    const { producer, firstN, lastN, content } = message;
    if (sequencer !== undefined) {
      sequencer.request(from, { producer, firstN, lastN, content }, now, out);
      return;
    }
    const hint = this.#leader === from ? null : this.#leader;
    this.answer(from, producer, { kind: 'not-coordinator', hint }, now, out);
  }

  answer(to: PeerId, producer: StreamName, answer: SequencerAnswer, now: Now, out: OrderingOutbox): void {
    const { self, identity } = this.#site;
    const group = this.log?.replica.group;
    if (to === self) this.answered(producer, answer, now, out);
    else if (group !== undefined) {
      out.send(to, { type: 'SEQUENCER_REPLY', group, identity, producer, answer }, 'stream');
    }
  }

  answered(producer: StreamName, answer: SequencerAnswer, now: Now, out: OrderingOutbox): void {
    if (producer.origin === this.#site.self) this.ingress.answered(producer, answer, now, out);
  }

  /** What the log has for good, whoever said so first. */
  committed(entry: Entry, now: Now): void {
    this.log?.reign?.sequencer.committed(entry);
    const { body } = entry;
    if ((body.kind === 'data' || body.kind === 'gap') && body.producer.origin === this.#site.self) {
      this.ingress.committed(body.producer.identity, body.lastN, now);
    }
  }

  #submit(to: PeerId, request: SequencerRequest, now: Now, out: OrderingOutbox): void {
    const { self, identity } = this.#site;
    const { log } = this;
    if (log === null) return;
    if (to === self) log.reign?.sequencer.request(self, request, now, out);
    else {
      out.send(
        to,
        { type: 'SEQUENCER_REQUEST', group: log.replica.group, identity, ...request, dissolved: null },
        'stream',
      );
    }
  }
}
