// What a peer delivers is committed and on its own disk, which also knows that it is committed; it goes on where it
// stopped, and has the sequence that the committed order gives it. SPEC rule SM53.

import type { Fact } from '../../../model/fact.ts';
import type { Truth } from '../truth.ts';
import type { OrderPlace } from '../watcher.ts';
import { type Complain, OrderChecker } from './checker.ts';

interface Delivered {
  readonly index: number;
  readonly sequence: number;
  readonly life: number;
  readonly group: string;
}

export class Delivery extends OrderChecker {
  readonly rule = 'delivered is committed, durable and in order';
  readonly #truth: Truth;
  /** By machine. */
  readonly #delivered: (Delivered | undefined)[] = [];

  constructor(complain: Complain, truth: Truth) {
    super(complain);
    this.#truth = truth;
  }

  override announced(at: OrderPlace, fact: Fact): void {
    if (fact.type !== 'committed') return;
    const { index, sequence, group } = fact;
    const last = this.#delivered[at.index];
    if (last !== undefined && last.life === at.life && last.group === group && index < last.index) {
      this.complain(at, `delivers up to ${index} after ${last.index}`);
    }
    if (index > Math.max(at.image.log.last, at.image.base?.index ?? 0)) {
      this.complain(at, `delivers up to ${index}, its disk ends at ${at.image.log.last}`);
    }
    const floor = Math.max(at.image.floor, at.image.state?.floor ?? 0, at.image.base?.index ?? 0);
    if (index > floor) this.complain(at, `delivers up to ${index}, its disk knows ${floor} to be committed`);
    const known = this.#truth.of(group).at(index)?.entry;
    if (known === undefined && index > 0) {
      this.complain(at, `delivers up to ${index}, committed are ${this.#truth.of(group).last}`);
    } else if (known !== undefined && sequence !== known.firstSequence + known.count - 1) {
      const due = known.firstSequence + known.count - 1;
      this.complain(at, `delivers up to sequence ${sequence} at entry ${index}, due is ${due}`);
    }
    this.#delivered[at.index] = { index, sequence, life: at.life, group };
  }
}
