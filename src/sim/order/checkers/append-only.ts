// A leader never takes anything out of its own log: it stops leading first (Raft §5.3). SPEC rule SM50.

import { ballotText } from '../../../model/ballot.ts';
import type { OrderWrite } from '../image.ts';
import type { OrderPlace } from '../watcher.ts';
import { OrderChecker } from './checker.ts';

export class LeaderAppendsOnly extends OrderChecker {
  readonly rule = 'a leader only appends';
  /** Cuts asked for in the step that is under way: the leader may stop leading within it. */

  override asked(at: OrderPlace, write: OrderWrite): void {
    if (at.leads === null) return;
    if (write.type === 'cut' && write.after < at.asked.last) {
      this.complain(at, `cuts its log above ${write.after} while it leads with ${ballotText(at.leads)}`);
    }
  }
}
