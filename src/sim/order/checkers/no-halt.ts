// A peer that finds the order broken stops for good, which is right, and a proof that something else was wrong. As
// long as disks keep what they answered for, it never happens. SPEC rule SM53.

import type { Fact } from '../../../model/fact.ts';
import type { OrderPlace } from '../watcher.ts';
import { OrderChecker } from './checker.ts';

export class NoHalt extends OrderChecker {
  readonly rule = 'nobody finds the order broken';

  override announced(at: OrderPlace, fact: Fact): void {
    if (fact.type === 'safety-halt') this.complain(at, `halts at entry ${fact.index}: ${fact.why}`);
  }
}
