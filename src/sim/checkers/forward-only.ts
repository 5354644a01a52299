// Within one stream a register only moves forward, at every peer, as long as its process lives: what is shown
// is never followed by an older reading of the same stream. SPEC rule SM13.
//
// A reading that fills a gap behind a later one is news all the same, and so is one that comes again after a
// tombstone of another stream had buried it; they only must not be what is shown. A
// stream that is fetched anew starts from its beginning: an origin's own former one after it took another
// identity, and every one after tombstones were dropped that the peer never saw. Of a stream in which a restored
// directory used numbers twice nothing can be said.

import type { StreamName } from '../../model/durable.ts';
import type { Fact } from '../../model/fact.ts';
import { identityText, type SensorId, sameIdentity } from '../../model/ids.ts';
import type { Peer } from '../../peer/peer.ts';
import type { Ledger } from '../ledger.ts';
import type { Place } from '../watcher.ts';
import { Checker, type Complain } from './checker.ts';

export class ForwardOnly extends Checker {
  readonly rule = 'a register only moves forward';
  /** By peer, then by `<origin> <identity> <sensor>`. */
  readonly #reached = new Map<string, Map<string, number>>();
  readonly #ledger: Ledger;
  readonly #peerAt: (at: Place) => Peer | null;

  constructor(complain: Complain, ledger: Ledger, peerAt: (at: Place) => Peer | null) {
    super(complain);
    this.#ledger = ledger;
    this.#peerAt = peerAt;
  }

  override started(at: Place): void {
    this.#reached.set(at.peer, new Map());
  }

  override announced(at: Place, fact: Fact): void {
    if (fact.type === 'identity-taken') this.#reached.get(at.peer)?.clear();
    if (fact.type === 'full-sync-started') this.#reached.get(at.peer)?.clear();
    if (fact.type !== 'registers-changed' || this.#ledger.isForked(fact)) return;
    const reached = this.#reached.get(at.peer);
    const stream = `${fact.origin} ${fact.identity.birth}.${fact.identity.random}`;
    for (const { n, sensor, kind } of fact.records) {
      const register = `${stream} ${kind === 'meta' ? 'm' : 'r'}${sensor}`;
      const before = reached?.get(register) ?? 0;
      if (n <= before && this.#isShown(at, fact, sensor, n)) {
        const name = `${fact.origin} ${identityText(fact.identity)}`;
        this.complain(at, `sets ${sensor} of ${name} to ${n} after ${before}`);
      }
      if (n > before) reached?.set(register, n);
    }
  }

  #isShown(at: Place, stream: StreamName, sensor: SensorId, n: number): boolean {
    const shown = this.#peerAt(at)?.replication.latestOf(sensor);
    return (
      shown?.record.n === n && shown.origin === stream.origin && sameIdentity(shown.identity, stream.identity)
    );
  }
}
