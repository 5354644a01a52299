// What was answered as stored is on the disk at that moment, and is found again by the next process while the
// disk lives: the origin's register is that reading or a later one. An idempotency key gets one answer for
// ever. SPEC rule SM14.

import type { ReceiptKey } from '../../model/durable.ts';
import type { Fact } from '../../model/fact.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Reading } from '../../model/reading.ts';
import type { Peer } from '../../peer/peer.ts';
import { lastStates } from '../expected.ts';
import { type Ledger, serialIn } from '../ledger.ts';
import type { Place } from '../watcher.ts';
import { Checker, type Complain } from './checker.ts';

interface Ticket {
  readonly readings: readonly Reading[];
  readonly receipt: ReceiptKey | null;
}

export class StoredStays extends Checker {
  readonly rule = 'what was answered as stored is never lost';
  readonly #ledger: Ledger;
  readonly #peerAt: (at: Place) => Peer | null;
  /** Those of the present process, by peer, that have no answer yet. */
  readonly #tickets = new Map<PeerId, Map<number, Ticket>>();
  /** By peer and key, the first answer on the present disk. */
  readonly #answers = new Map<PeerId, Map<string, number>>();
  #answered = 0;

  constructor(complain: Complain, ledger: Ledger, peerAt: (at: Place) => Peer | null) {
    super(complain);
    this.#ledger = ledger;
    this.#peerAt = peerAt;
  }

  get answered(): number {
    return this.#answered;
  }

  override started(at: Place): void {
    this.#tickets.set(at.peer, new Map());
    const peer = this.#peerAt(at);
    if (peer) this.#checkFoundAgain(at, peer);
  }

  override diskReplaced(at: Place): void {
    this.#answers.delete(at.peer);
  }

  override submitted(at: Place, ticket: number, readings: readonly Reading[], receipt?: ReceiptKey): void {
    this.#tickets.get(at.peer)?.set(ticket, { readings, receipt: receipt ?? null });
  }

  override announced(at: Place, fact: Fact): void {
    if (fact.type === 'identity-taken') this.#answers.delete(at.peer);
    if (fact.type !== 'submit-stored') return;
    const ticket = this.#tickets.get(at.peer)?.get(fact.ticket);
    if (ticket === undefined) return;
    this.#tickets.get(at.peer)?.delete(fact.ticket);
    this.#answered++;
    for (const { value, sensor } of ticket.readings) {
      const serial = serialIn(value);
      if (serial !== null && !this.#ledger.isKept(serial)) {
        this.complain(
          at,
          `answers that reading ${serial} of ${sensor} were stored, and it is not on the disk`,
        );
      }
    }
    if (ticket.receipt) this.#checkAnswer(at, ticket.receipt, fact);
  }

  #checkAnswer(at: Place, receipt: ReceiptKey, fact: Extract<Fact, { type: 'submit-stored' }>): void {
    let answers = this.#answers.get(at.peer);
    if (answers === undefined) {
      answers = new Map();
      this.#answers.set(at.peer, answers);
    }
    if (fact.answer !== receipt.answer) {
      this.complain(at, `answers ${fact.answer ?? 'nothing'} to ${receipt.key}, which got ${receipt.answer}`);
    }
    const firstN = answers.get(receipt.key);
    if (firstN === undefined) answers.set(receipt.key, fact.firstN);
    else if (firstN !== fact.firstN) {
      this.complain(at, `answers ${fact.firstN} to ${receipt.key}, which got ${firstN}`);
    }
  }

  /** Records of an identity that was given up may still wait to be written again; the others must be there. */
  #checkFoundAgain(at: Place, peer: Peer): void {
    const written = this.#ledger.stream(at.peer, peer.identity);
    if (written === undefined || written.keptN === 0) return;
    const own = { origin: at.peer, identity: peer.identity };
    const upto = peer.replication.upto(own);
    if (upto < written.keptN) {
      this.complain(at, `starts with its stream up to ${upto}, stored were ${written.keptN}`);
    }
    const found = new Map<string, number>();
    for (const { kind, sensor, n } of peer.replication.ownLatest()) if (kind !== 'meta') found.set(sensor, n);
    for (const [sensor, { n }] of lastStates(written, written.keptN)) {
      if ((found.get(sensor) ?? 0) >= n || this.#ledger.wasForgotten(sensor)) continue;
      this.complain(at, `starts with ${found.get(sensor) ?? 'nothing'} of ${sensor}, stored was ${n}`);
    }
  }
}
