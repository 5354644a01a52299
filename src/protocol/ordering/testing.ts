// Helpers for the tests of the ordering: words to build its values with, an outbox that remembers, and logs.

import { Random } from '../../kit/random.ts';
import type { Ballot } from '../../model/ballot.ts';
import type { StreamName } from '../../model/durable.ts';
import type { Base, Entry, EntryBody, OrderState } from '../../model/entry.ts';
import type { Fact } from '../../model/fact.ts';
import type { GroupMember, GroupView } from '../../model/group-view.ts';
import { type Identity, type PeerId, parsePeerId } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';
import { encodeEntry } from '../../wire/entry.ts';
import type { Message } from '../../wire/messages.ts';
import { firstBase } from './first-base.ts';
import type { Log } from './log.ts';
import { ORDERING_DEFAULTS, type OrderingOptions } from './options.ts';
import type { LogRead, OrderingOutbox, OutboxBatch, OutboxRead } from './port.ts';
import { Replica } from './replica.ts';
import { ORDERING_RULES, type OrderingRules } from './rules.ts';
import { orderingCounters, type Site } from './site.ts';

export function peerOf(name: string): PeerId {
  const parsed = parsePeerId(name);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

export const [ann, bob, cat, dan, eve] = ['ann', 'bob', 'cat', 'dan', 'eve'].map(peerOf) as [
  PeerId,
  PeerId,
  PeerId,
  PeerId,
  PeerId,
];

export const GROUP = '03aaaaaaaaaaaaaa';

export function at(steadyMs: number): Now {
  return { steadyMs, wallMs: 1_700_000_000_000 + steadyMs };
}

export function identityOf(peer: PeerId, birth = 1): Identity {
  const code = peer.charCodeAt(0).toString(16).padStart(4, '0');
  return { birth, random: birth.toString(16).padStart(12, '0') + code };
}

export function memberOf(peer: PeerId, birth = 1, priority: number | null = 0): GroupMember {
  return { peer, identity: identityOf(peer, birth), priority, address: { host: peer, port: 9_000 } };
}

export function viewOf(voters: readonly PeerId[], rest: Partial<GroupView> = {}): GroupView {
  return {
    voters: voters.map((peer) => memberOf(peer)),
    learners: [],
    joint: null,
    tieBreak: false,
    ...rest,
  };
}

export function ballotOf(round: number, peer: PeerId): Ballot {
  return { round, priority: 0, peer, identity: identityOf(peer) };
}

export function producerOf(origin: PeerId, birth = 1): StreamName {
  return { origin, identity: identityOf(origin, birth) };
}

/** A batch of `readings` from `firstN` on. */
export function data(producer: StreamName, firstN: number, readings = 1, bytes = 8): EntryBody {
  return {
    kind: 'data',
    producer,
    firstN,
    lastN: firstN + readings - 1,
    payload: new Uint8Array(bytes).fill(firstN),
  };
}

export function countOf(body: EntryBody): number {
  return body.kind === 'data' ? body.lastN - body.firstN + 1 : 0;
}

/** Entries of one ballot that follow each other behind this end. */
export function entriesAfter(
  end: Pick<Base, 'index' | 'chain' | 'nextSequence'>,
  ballot: Ballot,
  bodies: readonly EntryBody[],
): Entry[] {
  let { index, chain, nextSequence } = end;
  return bodies.map((body) => {
    const entry = encodeEntry(
      { ballot, index: ++index, firstSequence: nextSequence, count: countOf(body), body },
      chain,
    );
    chain = entry.chain;
    nextSequence += entry.count;
    return entry;
  });
}

export function entriesFrom(log: Log, ballot: Ballot, bodies: readonly EntryBody[]): Entry[] {
  return entriesAfter(log.end, ballot, bodies);
}

export class RecordedOrderingOutbox implements OrderingOutbox {
  readonly sent: { readonly to: PeerId; readonly message: Message }[] = [];
  readonly facts: Fact[] = [];
  readonly states: OrderState[] = [];
  readonly appends: {
    readonly entries: readonly Entry[];
    readonly version: number;
    readonly floor: number;
  }[] = [];
  readonly cuts: { readonly after: number; readonly version: number }[] = [];
  readonly reads: LogRead[] = [];
  readonly outboxReads: OutboxRead[] = [];
  readonly bases: Base[] = [];
  readonly trims: number[] = [];
  readonly mends: (readonly Entry[])[] = [];
  readonly orderedUpto: number[] = [];

  send(to: PeerId, message: Message): void {
    this.sent.push({ to, message });
  }

  contact(): void {}

  announce(fact: Fact): void {
    this.facts.push(fact);
  }

  saveOrderState(state: OrderState): void {
    this.states.push(state);
  }

  appendLog(entries: readonly Entry[], version: number, floor: number): void {
    this.appends.push({ entries, version, floor });
  }

  cutLog(after: number, version: number): void {
    this.cuts.push({ after, version });
  }

  readLog(read: LogRead): void {
    this.reads.push(read);
  }

  saveBase(base: Base): void {
    this.bases.push(base);
  }

  mendLog(entries: readonly Entry[]): void {
    this.mends.push(entries);
  }

  trimLog(upto: number): void {
    this.trims.push(upto);
  }

  readOutbox(read: OutboxRead): void {
    this.outboxReads.push(read);
  }

  ordered(_identity: Identity, upto: number): void {
    this.orderedUpto.push(upto);
  }

  sentOf<T extends Message['type']>(type: T): Extract<Message, { readonly type: T }>[] {
    return this.sent.map(({ message }) => message).filter((message) => isOf(message, type));
  }

  factsOf<T extends Fact['type']>(type: T): Extract<Fact, { readonly type: T }>[] {
    return this.facts.filter((fact): fact is Extract<Fact, { readonly type: T }> => fact.type === type);
  }

  clear(): void {
    for (const list of [
      this.sent,
      this.facts,
      this.states,
      this.appends,
      this.cuts,
      this.reads,
      this.outboxReads,
    ]) {
      list.length = 0;
    }
  }
}

export function siteOf(
  self: PeerId,
  options: Partial<OrderingOptions> = {},
  rules: Partial<OrderingRules> = {},
): Site {
  return {
    self,
    identity: identityOf(self),
    options: { ...ORDERING_DEFAULTS, ...options },
    rules: { ...ORDERING_RULES, ...rules },
    counters: orderingCounters(),
    logVersion: 0,
  };
}

/** A copy of a log that begins with a view of these voters. */
export function replicaOf(site: Site, voters: readonly PeerId[], rest: Partial<GroupView> = {}): Replica {
  return new Replica(site, firstBase(GROUP, viewOf(voters, rest)), null, 0, () => {});
}

/** Appends, and lets the disk answer. */
export function write(replica: Replica, entries: readonly Entry[], out: OrderingOutbox): void {
  replica.append(entries, at(0), out);
  saved(replica, out);
}

export function saved(replica: Replica, out: OrderingOutbox): void {
  replica.appended(replica.lastIndex, replica.version, at(0), out);
}

export function batchOf(origin: PeerId, firstN: number, readings = 1, bytes = 8, birth = 1): OutboxBatch {
  const payload = new Uint8Array(bytes).fill(firstN);
  return { identity: identityOf(origin, birth), firstN, lastN: firstN + readings - 1, readings, payload };
}

export function randomOf(seed = 7): Random {
  return new Random(seed);
}

function isOf<T extends Message['type']>(
  message: Message,
  type: T,
): message is Extract<Message, { readonly type: T }> {
  return message.type === type;
}
