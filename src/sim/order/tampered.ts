// A history plane whose requests and answers pass through other hands: how a simulated peer is broken from outside,
// at the border to its host. SPEC rule SM45.

import type { Base, Entry, OrderState } from '../../model/entry.ts';
import type { Fact } from '../../model/fact.ts';
import type { Identity, PeerId } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';
import { History } from '../../peer/history.ts';
import type { HistoryCommand } from '../../peer/history-commands.ts';
import type { LinkedMember } from '../../peer/history-options.ts';
import type { LogRead, OrderingOutbox, OutboxBatch, OutboxRead } from '../../protocol/ordering/port.ts';
import type { LinkLoss } from '../../protocol/outbox.ts';
import type { Message } from '../../wire/messages.ts';
import type { OrderingMessage } from '../../wire/ordering-messages.ts';

export class TamperedHistory extends History {
  /** What the process gets instead of its host's outbox. */
  protected tampered(out: OrderingOutbox, _now: Now): OrderingOutbox {
    return out;
  }

  override start(now: Now, out: OrderingOutbox): void {
    super.start(now, this.tampered(out, now));
  }

  override wake(now: Now, out: OrderingOutbox): void {
    super.wake(now, this.tampered(out, now));
  }

  override receive(from: PeerId, message: OrderingMessage, now: Now, out: OrderingOutbox): void {
    super.receive(from, message, now, this.tampered(out, now));
  }

  override linkUp(member: LinkedMember, now: Now, out: OrderingOutbox): void {
    super.linkUp(member, now, this.tampered(out, now));
  }

  override linkDown(peer: PeerId, cause: LinkLoss, now: Now, out: OrderingOutbox): void {
    super.linkDown(peer, cause, now, this.tampered(out, now));
  }

  override present(peers: readonly PeerId[], now: Now, out: OrderingOutbox): void {
    super.present(peers, now, this.tampered(out, now));
  }

  override stored(batch: OutboxBatch, now: Now, out: OrderingOutbox): void {
    super.stored(batch, now, this.tampered(out, now));
  }

  override identityTaken(identity: Identity, now: Now, out: OrderingOutbox): void {
    super.identityTaken(identity, now, this.tampered(out, now));
  }

  override orderStateSaved(state: OrderState, now: Now, out: OrderingOutbox): void {
    super.orderStateSaved(state, now, this.tampered(out, now));
  }

  override baseSaved(base: Base, now: Now, out: OrderingOutbox): void {
    super.baseSaved(base, now, this.tampered(out, now));
  }

  override logAppended(upto: number, version: number, now: Now, out: OrderingOutbox): void {
    super.logAppended(upto, version, now, this.tampered(out, now));
  }

  override logRead(id: number, entries: readonly Entry[], now: Now, out: OrderingOutbox): void {
    super.logRead(id, entries, now, this.tampered(out, now));
  }

  override outboxRead(id: number, batches: readonly OutboxBatch[], now: Now, out: OrderingOutbox): void {
    super.outboxRead(id, batches, now, this.tampered(out, now));
  }

  override stalled(forMs: number, now: Now, out: OrderingOutbox): void {
    super.stalled(forMs, now, this.tampered(out, now));
  }

  override leave(now: Now, out: OrderingOutbox): void {
    super.leave(now, this.tampered(out, now));
  }

  override command(ticket: number, command: HistoryCommand, now: Now, out: OrderingOutbox): void {
    super.command(ticket, command, now, this.tampered(out, now));
  }
}

/** Passes everything on; a broken variant overrides what it breaks. */
export class PassingOutbox implements OrderingOutbox {
  protected readonly out: OrderingOutbox;

  constructor(out: OrderingOutbox) {
    this.out = out;
  }

  send(to: PeerId, message: Message, channel: 'stream' | 'datagram'): void {
    this.out.send(to, message, channel);
  }

  contact(address: Parameters<OrderingOutbox['contact']>[0]): void {
    this.out.contact(address);
  }

  announce(fact: Fact): void {
    this.out.announce(fact);
  }

  saveOrderState(state: OrderState): void {
    this.out.saveOrderState(state);
  }

  appendLog(entries: readonly Entry[], version: number, floor: number): void {
    this.out.appendLog(entries, version, floor);
  }

  cutLog(after: number, version: number): void {
    this.out.cutLog(after, version);
  }

  readLog(read: LogRead): void {
    this.out.readLog(read);
  }

  saveBase(base: Base): void {
    this.out.saveBase(base);
  }

  mendLog(entries: readonly Entry[]): void {
    this.out.mendLog(entries);
  }

  trimLog(upto: number): void {
    this.out.trimLog(upto);
  }

  readOutbox(read: OutboxRead): void {
    this.out.readOutbox(read);
  }

  ordered(identity: Identity, upto: number): void {
    this.out.ordered(identity, upto);
  }
}
