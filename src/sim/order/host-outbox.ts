// Carries the requests of one life of a simulated process out: to its links, to its disk, to those who watch. A
// process may die between two of them. SPEC rules SM40, SM43.

import { AssertionError } from '../../kit/assert.ts';
import type { Base, Entry, OrderState } from '../../model/entry.ts';
import type { Fact } from '../../model/fact.ts';
import type { Identity, PeerId } from '../../model/ids.ts';
import type { LogRead, OrderingOutbox, OutboxRead } from '../../protocol/ordering/port.ts';
import type { Message } from '../../wire/messages.ts';
import type { OrderingMessage } from '../../wire/ordering-messages.ts';
import type { OrderWrite } from './image.ts';
import type { OrderNode, OrderNodeWorld, Step } from './node.ts';

export class HostOutbox implements OrderingOutbox {
  readonly #node: OrderNode;
  readonly #life: number;
  readonly #world: OrderNodeWorld;
  #requestsLeft = Number.POSITIVE_INFINITY;
  #died: () => void = () => {};

  constructor(node: OrderNode, life: number, world: OrderNodeWorld) {
    this.#node = node;
    this.#life = life;
    this.#world = world;
  }

  get isDying(): boolean {
    return this.#requestsLeft <= 0;
  }

  dieAfter(requests: number, died: () => void): void {
    this.#requestsLeft = requests;
    this.#died = died;
  }

  died(): void {
    this.#died();
  }

  send(to: PeerId, message: Message): void {
    if (this.#isOver()) return;
    this.#world.watcher.sent(this.#node, to, message);
    const index = this.#world.indexOf(to);
    if (index !== undefined && isOrdering(message)) this.#world.carry(this.#node, index, message);
  }

  contact(): void {
    // Machines here dial each other all the time.
  }

  announce(fact: Fact): void {
    if (this.#isOver()) return;
    this.#node.lookAgain();
    this.#world.watcher.announced(this.#node, fact);
  }

  saveOrderState(state: OrderState): void {
    this.#write({ type: 'state', state }, (machine, now, out) => machine.orderStateSaved(state, now, out));
  }

  appendLog(entries: readonly Entry[], version: number, floor: number): void {
    const last = entries.at(-1);
    if (last === undefined) throw new AssertionError('an append has entries');
    this.#write({ type: 'append', entries, version, floor }, (machine, now, out) =>
      machine.logAppended(last.index, version, now, out),
    );
  }

  cutLog(after: number, version: number): void {
    this.#write({ type: 'cut', after, version }, null);
  }

  saveBase(base: Base): void {
    this.#write({ type: 'base', base }, (machine, now, out) => machine.baseSaved(base, now, out));
  }

  /** What lies below a base is not read again by a start, so nothing more is to be done than to take it. */
  mendLog(entries: readonly Entry[]): void {
    const [from, to] = [entries[0]?.index ?? 0, entries.at(-1)?.index ?? 0];
    if (this.#isOver()) return;
    this.#node.disk.mendLog(entries, (mended) => {
      this.#answer((machine, now, out) =>
        machine.disk({ from, to, is: mended ? 'mended' : 'not-mended' }, now, out),
      );
    });
  }

  trimLog(upto: number): void {
    this.#write({ type: 'trim', upto }, null);
  }

  readLog({ id, from, to, bytesMax }: LogRead): void {
    if (this.#isOver()) return;
    const isWanted = (entry: Entry): boolean => entry === this.#node.asked.at(entry.index);
    this.#node.disk.readLog({ from, to, bytesMax, isWanted }, (entries) => {
      this.#answer((machine, now, out) => machine.logRead(id, entries, now, out));
    });
  }

  readOutbox({ id, identity, fromN, bytesMax }: OutboxRead): void {
    if (this.#isOver()) return;
    this.#node.disk.readOutbox({ identity, fromN, bytesMax }, (batches) => {
      this.#answer((machine, now, out) => machine.outboxRead(id, batches, now, out));
    });
  }

  ordered(identity: Identity, upto: number): void {
    if (this.#isOver()) return;
    this.#node.lookAgain();
    this.#world.watcher.acked(this.#node, identity, upto);
    this.#node.disk.write({ type: 'ordered', identity, upto }, () => {});
  }

  #write(write: OrderWrite, answer: Step | null): void {
    if (this.#isOver()) return;
    this.#node.ask(write);
    this.#node.disk.write(write, () => {
      if (answer !== null) this.#answer(answer);
    });
  }

  #answer(answer: Step): void {
    if (this.#node.life === this.#life) this.#node.deliver(answer);
  }

  /** One request fewer until the process dies: those behind the last are never made. */
  #isOver(): boolean {
    return --this.#requestsLeft < 0;
  }
}

/** The order sends nothing else. */
function isOrdering(message: Message): message is OrderingMessage {
  return message.type !== 'ERROR';
}
