// Push: fresh own changes leave at once, and then no sooner than `pushCoalesceMs` after the push before. What was
// superseded meanwhile is not sent at all (conflation). Where a push reaches a random few of many, who will mostly
// have it again from an exchange, it is worth less and waits longer. SPEC rules RP38-RP40, RP48.

import type { Random } from '../../kit/random.ts';
import { LIMITS } from '../../model/limits.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { Delta, ReplicationMessage } from '../../wire/messages.ts';
import type { Outbox } from '../outbox.ts';
import { DeltaPack } from './delta.ts';
import { pushFanout, type ReplicationOptions } from './options.ts';
import type { Partners } from './partners.ts';
import type { Replica } from './replica.ts';
import type { Traffic } from './traffic.ts';

/** Among many partners, a peer pushes at most so many times in an interval of gossip. */
const PUSHES_PER_INTERVAL_MAX = 4;

export class Push {
  readonly #replica: Replica;
  readonly #partners: Partners;
  readonly #traffic: Traffic;
  readonly #options: ReplicationOptions;
  readonly #random: Random;
  #pushedUpto = 0;
  #notBeforeMs = 0;

  constructor(
    replica: Replica,
    partners: Partners,
    traffic: Traffic,
    options: ReplicationOptions,
    random: Random,
  ) {
    this.#replica = replica;
    this.#partners = partners;
    this.#traffic = traffic;
    this.#options = options;
    this.#random = random;
  }

  get wakeAt(): number {
    return this.#replica.own.upto > this.#pushedUpto ? this.#notBeforeMs : NEVER;
  }

  /** What was written before is left to exchanges. */
  beginAt(upto: number): void {
    this.#pushedUpto = upto;
  }

  wake(now: Now, out: Outbox): void {
    if (now.steadyMs < this.wakeAt) return;
    this.#notBeforeMs = now.steadyMs + this.#coalesceMs();
    const receivers = this.#receivers();
    const deltas = this.fresh();
    this.#pushedUpto = receivers.length > 0 ? (deltas[0]?.upto ?? 0) : this.#replica.own.upto;
    // One object for all: whoever encodes it does so once.
    const message: ReplicationMessage = { type: 'SENSOR_UPDATE', source: 'push', deltas, more: false };
    for (const { peer } of receivers) this.#traffic.send(peer, message, out);
  }

  /** What waits to be pushed, as far as one message carries it; it rides along with exchanges. */
  fresh(): readonly Delta[] {
    if (this.#replica.own.upto === this.#pushedUpto) return [];
    const pack = new DeltaPack(LIMITS.deltaBytesMax);
    pack.add(this.#replica.own, this.#pushedUpto);
    return pack.deltas;
  }

  #coalesceMs(): number {
    const { pushCoalesceMs, gossipIntervalMs, eagerPeersMax } = this.#options;
    if (this.#partners.near().length <= eagerPeersMax) return pushCoalesceMs;
    return Math.max(pushCoalesceMs, gossipIntervalMs / PUSHES_PER_INTERVAL_MAX);
  }

  /**
   * A busy link is skipped: the next exchange brings what is the latest by then. Across, one copy for each other zone
   * is enough, as far as one message may go to so many: there it is told on by exchanges. (RP40, RP48)
   */
  #receivers() {
    const { eagerPeersMax, maxFanout } = this.#options;
    const partners = this.#partners;
    const near = partners.near();
    if (near.length > eagerPeersMax) {
      return partners.pick(pushFanout(partners.count, this.#options), this.#random);
    }
    const across = partners.pickFar(Math.min(partners.otherZones, maxFanout), this.#random);
    return [...near.filter((partner) => !partner.busy), ...across];
  }
}
