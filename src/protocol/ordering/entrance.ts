// How a peer comes to a log, and from one to another: by founding a group, by beginning from a base of one that it
// heard of, by beginning anew where its own log ends too early, and by leaving for the group its own goes into.
// SPEC rules OR36, OR37, OR42, OR51.

import type { Random } from '../../kit/random.ts';
import type { Base, RecoveredLog } from '../../model/entry.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';
import type { Courier } from './courier.ts';
import { firstBase } from './first-base.ts';
import type { FoundingPort } from './founding.ts';
import { GroupLog } from './group-log.ts';
import type { Herald } from './herald.ts';
import type { Lobby } from './lobby.ts';
import { Merging } from './merging.ts';
import type { OrderingHost } from './ordering-host.ts';
import type { OrderingOutbox } from './port.ts';
import type { Site } from './site.ts';
import { membersOf } from './views.ts';

export class Entrance {
  readonly #site: Site;
  readonly #host: OrderingHost;
  readonly #lobby: Lobby;
  readonly #courier: Courier;
  readonly #herald: Herald;
  readonly #random: Random;
  merging: Merging;

  constructor(
    site: Site,
    host: OrderingHost,
    lobby: Lobby,
    courier: Courier,
    herald: Herald,
    random: Random,
  ) {
    this.#site = site;
    this.#host = host;
    this.#lobby = lobby;
    this.#courier = courier;
    this.#herald = herald;
    this.#random = random;
    this.merging = new Merging(site);
  }

  open(
    base: Base,
    recovered: RecoveredLog | null,
    state: { readonly floor: number; readonly isDamaged: boolean },
  ): GroupLog {
    const log = new GroupLog(
      this.#site,
      this.#host,
      base,
      recovered,
      state,
      (entry, now) => this.#courier.committed(entry, now),
      (to, producer, answer, now, out) => this.#courier.answer(to, producer, answer, now, out),
      this.#random.fork(),
    );
    this.#courier.log = log;
    return log;
  }

  foundingPort(live: readonly PeerId[], now: Now, out: OrderingOutbox): FoundingPort {
    return {
      saveFounding: (founding) => this.#host.remember({ founding }, out),
      founded: (group, view) => {
        if (this.#courier.log !== null) return;
        out.announce({ type: 'group-founded', group, view });
        this.begin(firstBase(group, view), now, out);
        this.#tellGroup(live, out);
      },
    };
  }

  /** The log begins, or begins anew behind a base. */
  begin(base: Base, now: Now, out: OrderingOutbox): void {
    const before = this.#courier.log;
    // What follows it this program could not read. (OR48)
    if (base.version > this.#site.options.format) {
      this.#host.halt({ kind: 'format', format: base.version }, now, out);
      return;
    }
    if (before !== null) {
      const { group, commitIndex, watermark } = before.replica;
      if (group !== base.group || base.index <= commitIndex) return;
      // A tail that is not the others' leaves the disk before the log begins anew above where it stood.
      before.replica.cut(commitIndex, out);
      const [fromSequence, toSequence] = [watermark + 1, base.nextSequence - 1];
      const why = 'trimmed by the others before this node had it';
      if (toSequence >= fromSequence)
        out.announce({ type: 'history-gap', group, fromSequence, toSequence, why });
    }
    out.saveBase(base);
    const log = this.open(base, null, { floor: base.index, isDamaged: before?.mending.isDamaged ?? false });
    log.replica.begin(out);
    this.#lobby.entered(base.group);
    if (this.merging.into === base.group) this.merging = new Merging(this.#site);
    this.#host.remember({ group: base.group, floor: base.index }, out);
    log.start(null, now, out);
    const { self: origin } = this.#site;
    this.#courier.ingress.begin((identity) => log.replica.committedN({ origin, identity }));
    // Nobody is followed under this log yet: whoever is, be it the same leader, is asked how far it is.
    this.#courier.route(null, now, out);
    this.#host.entered(now, out);
  }

  /** All of this group is in another one: its members go there. */
  goOver(log: GroupLog, live: readonly PeerId[], now: Now, out: OrderingOutbox): void {
    const { into } = this.merging;
    if (into === null) return;
    const told = {
      ...this.#herald.viewChange(log, this.#courier.leader),
      dissolvedInto: into,
      isAbsorbed: true,
    };
    for (const { peer } of membersOf(log.replica.view)) {
      if (peer !== this.#site.self) out.send(peer, told, 'stream');
    }
    log.unlead(out);
    this.#courier.route(null, now, out);
    this.#courier.log = null;
    this.#lobby.leaveFor(into, live, now, out);
    this.#host.entered(now, out);
  }

  /** The others have trimmed what this peer lacks. */
  beginAnewIfLost(live: readonly PeerId[], now: Now, out: OrderingOutbox): void {
    const { log } = this.#courier;
    if (log === null || !log.needsBase || this.#lobby.isBeginning || log.reign !== null) return;
    const { leader } = this.#courier;
    const sources = live.filter((peer) => log.isMember(peer) !== undefined);
    if (sources.length === 0) return;
    // A member by this peer's own old view may be one that has left, with a log that ends as early: not it for ever.
    const source = leader !== null && sources.includes(leader) ? leader : this.#random.pick(sources);
    this.#lobby.begin(log.replica.group, source, now, out);
  }

  /** Those who took part in the founding, and all others, begin from the same base. */
  #tellGroup(live: readonly PeerId[], out: OrderingOutbox): void {
    const { log, leader } = this.#courier;
    if (log === null) return;
    const message = this.#herald.viewChange(log, leader);
    for (const peer of live) out.send(peer, message, 'stream');
  }
}
