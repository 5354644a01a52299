// What a peer says under a ballot is on its disk before it is said: promises, claims and acknowledgements. And a
// promise never goes back as long as its disk lives. SPEC rule SM47.

import { type Ballot, ballotText, compareBallots } from '../../../model/ballot.ts';
import { identityText, type PeerId } from '../../../model/ids.ts';
import type { Message } from '../../../wire/messages.ts';
import type { OrderWrite } from '../image.ts';
import type { OrderPlace } from '../watcher.ts';
import { type Complain, OrderChecker } from './checker.ts';
import { sameChain } from './log-matching.ts';

export class PromisesHold extends OrderChecker {
  readonly rule = 'said is durable';
  readonly #placeOf: (peer: PeerId) => OrderPlace | undefined;
  readonly #promised = new Map<string, Ballot>();

  constructor(complain: Complain, placeOf: (peer: PeerId) => OrderPlace | undefined) {
    super(complain);
    this.#placeOf = placeOf;
  }

  override durable(at: OrderPlace, write: OrderWrite): void {
    if (write.type !== 'state') return;
    const name = `${at.peer}/${identityText(at.identity)}/${write.state.group ?? ''}`;
    const { promised } = write.state;
    const before = this.#promised.get(name);
    if (before !== undefined && compareBallots(promised, before) < 0) {
      this.complain(at, `its promise goes back from ${ballotText(before)} to ${ballotText(promised)}`);
    }
    this.#promised.set(name, promised);
  }

  override sent(at: OrderPlace, _to: PeerId, message: Message): void {
    switch (message.type) {
      case 'PROMISE':
        this.#durable(at, message.ballot, 'promises');
        return;
      case 'ELECTION':
        if (message.kind !== 'probe') this.#durable(at, message.ballot, 'claims');
        return;
      case 'APPEND_ACK':
      case 'HEARTBEAT_ACK':
        this.#acknowledges(at, message.ballot, message.durableIndex);
        return;
      default:
    }
  }

  #durable(at: OrderPlace, ballot: Ballot, does: string): void {
    const promised = at.image.state?.promised;
    if (promised === undefined || compareBallots(promised, ballot) < 0) {
      const has = promised === undefined ? 'nothing' : ballotText(promised);
      this.complain(at, `${does} ${ballotText(ballot)}, on its disk is ${has}`);
    }
  }

  /** The entry is on the disk, and if that leader still leads, it is the leader's. */
  #acknowledges(at: OrderPlace, ballot: Ballot, index: number): void {
    if (index === 0) return;
    const { log } = at.image;
    if (index > log.last) {
      this.complain(at, `acknowledges entry ${index}, its disk ends at ${log.last}`);
      return;
    }
    const mine = log.at(index);
    const leader = this.#placeOf(ballot.peer);
    if (mine === undefined || leader?.leads === undefined || leader.leads === null) return;
    if (compareBallots(leader.leads, ballot) !== 0) return;
    const theirs = leader.asked.at(index);
    if (theirs !== undefined && theirs !== mine && !sameChain(theirs.chain, mine.chain)) {
      this.complain(at, `acknowledges entry ${index} to ${ballotText(ballot)}, whose entry there is another`);
    }
  }
}
