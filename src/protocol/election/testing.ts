// Helpers for the tests of elections: a place in a group to be set by hand, and a port that remembers.

import { Random } from '../../kit/random.ts';
import { type Ballot, NO_BALLOT } from '../../model/ballot.ts';
import type { GroupMember, GroupRole } from '../../model/group-view.ts';
import { type Identity, type PeerId, parsePeerId } from '../../model/ids.ts';
import type { Accession, OrderFact } from '../../model/order-fact.ts';
import { NEVER, type Now } from '../../model/time.ts';
import type { ElectionMessage } from '../../wire/ordering-messages.ts';
import { Election } from './machine.ts';
import { ELECTION_DEFAULTS, type ElectionOptions } from './options.ts';
import { ELECTION_RULES } from './rules.ts';
import type { ElectionPort, Heir, Standing } from './standing.ts';

export function peerOf(name: string): PeerId {
  const parsed = parsePeerId(name);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

export const ann = peerOf('ann');
export const bob = peerOf('bob');
export const cat = peerOf('cat');
export const dan = peerOf('dan');

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

export function ballotOf(round: number, peer: PeerId): Ballot {
  return { round, priority: 0, peer, identity: identityOf(peer) };
}

export class TestStanding implements Standing {
  readonly group = GROUP;
  identity: Identity;
  role: GroupRole = 'voter';
  lastBallot: Ballot = NO_BALLOT;
  lastIndex = 0;
  isDurable = true;
  isDamaged = false;
  isFit = true;
  diskMs = 1;
  voters: readonly GroupMember[];
  learners: readonly GroupMember[] = [];
  heirList: readonly Heir[] = [];

  constructor(self: PeerId, voters: readonly PeerId[]) {
    this.identity = identityOf(self);
    this.voters = voters.map((peer) => memberOf(peer));
  }

  isQuorum(holds: (member: GroupMember) => boolean): boolean {
    return this.voters.filter(holds).length * 2 > this.voters.length;
  }

  heirs(): readonly Heir[] {
    return this.heirList;
  }
}

export class RecordedPort implements ElectionPort {
  readonly sent: { readonly to: PeerId; readonly message: ElectionMessage }[] = [];
  readonly facts: OrderFact[] = [];
  readonly promises: Ballot[] = [];
  readonly led: { readonly ballot: Ballot; readonly how: Accession }[] = [];
  readonly syncs: PeerId[] = [];
  readonly holds: boolean[] = [];
  unleads = 0;
  syncEnds = 0;

  send(to: PeerId, message: ElectionMessage): void {
    this.sent.push({ to, message });
  }

  announce = (fact: OrderFact): void => void this.facts.push(fact);

  savePromise(ballot: Ballot): void {
    this.promises.push(ballot);
  }

  lead(ballot: Ballot, how: Accession): void {
    this.led.push({ ballot, how });
  }

  unlead(): void {
    this.unleads++;
  }

  hold(isHeld: boolean): void {
    this.holds.push(isHeld);
  }

  sync(peer: PeerId): void {
    this.syncs.push(peer);
  }

  endSync(): void {
    this.syncEnds++;
  }

  sentOf<T extends ElectionMessage['type']>(type: T): Extract<ElectionMessage, { readonly type: T }>[] {
    return this.sent
      .map(({ message }) => message)
      .filter((message): message is Extract<ElectionMessage, { readonly type: T }> => message.type === type);
  }

  factsOf<T extends OrderFact['type']>(type: T): Extract<OrderFact, { readonly type: T }>[] {
    return this.facts.filter((fact): fact is Extract<OrderFact, { readonly type: T }> => fact.type === type);
  }

  clear(): void {
    this.sent.length = 0;
    this.facts.length = 0;
    this.promises.length = 0;
  }
}

/** One peer's election, among voters that are all linked to it. */
export function electionOf(self: PeerId, voters: readonly PeerId[], options: Partial<ElectionOptions> = {}) {
  const standing = new TestStanding(self, voters);
  const port = new RecordedPort();
  const all = { ...ELECTION_DEFAULTS, ...options };
  const election = new Election(
    { peer: self, priority: 0 },
    standing,
    NO_BALLOT,
    all,
    ELECTION_RULES,
    new Random(3),
    at(0),
  );
  for (const peer of voters) election.linkUp(peer);
  /** The disk has what was promised last. */
  const save = (ms: number): void => {
    const promised = port.promises.at(-1);
    if (promised !== undefined) election.promiseSaved(promised, at(ms), port);
  };
  const receive = (from: PeerId, message: ElectionMessage, ms: number): void => {
    election.receive(from, message, at(ms), port);
  };
  const wake = (): number => {
    const ms = election.wakeAt;
    election.wake(at(ms), port);
    // Without a leader from the start, higher ones are let first once.
    if (port.facts.length === 0 && election.wakeAt > ms) election.wake(at(election.wakeAt), port);
    return ms;
  };
  return { election, standing, port, save, receive, wake };
}

export function headOf(peer: PeerId, birth = 1) {
  return { group: GROUP, identity: identityOf(peer, birth) };
}

export function electionMessage(
  from: PeerId,
  kind: 'probe' | 'claim' | 'transfer' | 'reballot',
  ballot: Ballot,
  lastBallot: Ballot = NO_BALLOT,
  lastIndex = 0,
): ElectionMessage {
  return { type: 'ELECTION', ...headOf(from), kind, ballot, lastBallot, lastIndex };
}

export function heirOfPeer(peer: PeerId, said: Partial<Heir> = {}): Heir {
  const health = { diskMs: 1, uptimeMs: 1e9, eligible: true, leaving: false, format: 1 };
  return { member: memberOf(peer), lag: 0, caughtUpSinceMs: -NEVER, health, isPresent: true, ...said };
}
