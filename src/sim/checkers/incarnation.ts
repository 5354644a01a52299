// A peer's incarnation rises at each start and never goes back while its disk lives, and nobody hears of one
// that is not durable: a crash could take it back, and then the peer could not refute what others believe.
// SPEC rule SM11.

import { type Identity, identityText, type PeerId, sameIdentity } from '../../model/ids.ts';
import type { Rumour } from '../../model/member.ts';
import type { Message } from '../../wire/messages.ts';
import type { DiskWrite } from '../disk.ts';
import type { Place } from '../watcher.ts';
import { Checker } from './checker.ts';

interface Known {
  /** The highest that was ever durable of each identity: nobody may have heard of more. */
  readonly durable: { readonly identity: Identity; incarnation: number }[];
  /** What the peer itself said last, on its present disk. */
  told: { readonly identity: Identity; readonly incarnation: number; readonly life: number } | null;
}

export class IncarnationHolds extends Checker {
  readonly rule = 'an incarnation is durable before it is told, and never goes back';
  readonly #known = new Map<PeerId, Known>();
  /** One message is often sent to many. */
  #last: Message | null = null;

  override durable(at: Place, write: DiskWrite): void {
    if (write.type !== 'hard-state') return;
    const { identity, incarnation } = write.state;
    const { durable } = this.#of(at.peer);
    const known = durable.find((entry) => sameIdentity(entry.identity, identity));
    if (known) known.incarnation = Math.max(known.incarnation, incarnation);
    else durable.push({ identity, incarnation });
  }

  override diskReplaced(at: Place): void {
    this.#of(at.peer).told = null;
  }

  override sent(at: Place, _to: PeerId, message: Message): void {
    if (message === this.#last) return;
    this.#last = message;
    switch (message.type) {
      case 'JOIN_REQUEST':
        this.#check(at, message.self);
        return;
      case 'PEER_LIST':
      case 'PING':
      case 'PONG':
        for (const rumour of message.rumours) this.#check(at, rumour);
        return;
      default:
        return;
    }
  }

  #check(at: Place, rumour: Rumour): void {
    const { peer, identity, incarnation, status } = rumour;
    const known = this.#of(peer);
    const durable = known.durable.find((entry) => sameIdentity(entry.identity, identity))?.incarnation ?? -1;
    if (incarnation > durable) {
      const name = `${peer} ${identityText(identity)}`;
      this.complain(at, `says ${name} is ${status} in incarnation ${incarnation}, durable is ${durable}`);
    }
    if (peer === at.peer && status === 'alive') this.#checkOwn(at, known, identity, incarnation);
  }

  #checkOwn(at: Place, known: Known, identity: Identity, incarnation: number): void {
    const { told } = known;
    if (told && sameIdentity(told.identity, identity)) {
      if (incarnation < told.incarnation) {
        this.complain(at, `says incarnation ${incarnation} of itself after ${told.incarnation}`);
      } else if (told.life !== at.life && incarnation === told.incarnation) {
        this.complain(at, `starts again in incarnation ${incarnation}`);
      }
    }
    if (
      told?.incarnation !== incarnation ||
      told.life !== at.life ||
      !sameIdentity(told.identity, identity)
    ) {
      known.told = { identity, incarnation, life: at.life };
    }
  }

  #of(peer: PeerId): Known {
    let known = this.#known.get(peer);
    if (known === undefined) {
      known = { durable: [], told: null };
      this.#known.set(peer, known);
    }
    return known;
  }
}
