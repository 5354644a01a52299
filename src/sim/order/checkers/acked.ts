// What was said to be committed is in the committed order, at the place that was said. SPEC rules SM54, SM56.

import type { Identity } from '../../../model/ids.ts';
import type { OrderPlace } from '../watcher.ts';
import { type Complain, OrderChecker } from './checker.ts';
import type { ExactlyOnce } from './exactly-once.ts';

export class AckIsTrue extends OrderChecker {
  readonly rule = 'acknowledged is committed';
  readonly #order: ExactlyOnce;

  constructor(complain: Complain, order: ExactlyOnce) {
    super(complain);
    this.#order = order;
  }

  override acked(at: OrderPlace, identity: Identity, upto: number): void {
    const lastN = this.#order.ordered(at.group, at.peer, identity)?.lastN ?? 0;
    if (upto > lastN)
      this.complain(at, `says its records up to ${upto} are committed, the order has ${lastN}`);
  }
}
