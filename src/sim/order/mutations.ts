// Broken variants of the protocol, each wrong in one thing: a rule that the core has as a function is exchanged, or
// a peer is tampered with at the border to its host. A checker that never caught anything is not trusted, and
// neither is a simulator that lets one of these pass. SPEC rule SM45.

import type { Random } from '../../kit/random.ts';
import type { Entry, OrderState } from '../../model/entry.ts';
import type { GroupMember, GroupView } from '../../model/group-view.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Now } from '../../model/time.ts';
import { History } from '../../peer/history.ts';
import type { HistoryOptions } from '../../peer/history-options.ts';
import { ELECTION_RULES, type ElectionRules } from '../../protocol/election/rules.ts';
import type { RecoveredHistory } from '../../protocol/ordering/machine.ts';
import type { OrderingOutbox, OutboxBatch } from '../../protocol/ordering/port.ts';
import { isQuorum } from '../../protocol/ordering/quorum.ts';
import { ORDERING_RULES, type OrderingRules } from '../../protocol/ordering/rules.ts';
import type { Message } from '../../wire/messages.ts';
import { payloadOf } from './image.ts';
import { PassingOutbox, TamperedHistory } from './tampered.ts';

export interface Boot {
  readonly options: HistoryOptions;
  readonly recovered: RecoveredHistory;
  readonly random: Random;
  readonly now: Now;
}

export interface Broken {
  /** The checker that its script must alarm. */
  readonly caughtBy: string;
  readonly election?: Partial<ElectionRules>;
  readonly ordering?: Partial<OrderingRules>;
  /** What runs in the place of a `History`. */
  readonly process?: typeof History;
  /** Who lost a disk comes back under its former identity. */
  readonly keepsIdentity?: boolean;
}

/** Answers each request to write at once, before it is durable. */
class Hasty extends TamperedHistory {
  readonly #hastens: (what: 'state' | 'log') => boolean;

  constructor(hastens: (what: 'state' | 'log') => boolean, ...rest: ConstructorParameters<typeof History>) {
    super(...rest);
    this.#hastens = hastens;
  }

  protected override tampered(out: OrderingOutbox, now: Now): OrderingOutbox {
    return new HastyOutbox(out, this, now, this.#hastens);
  }
}

class HastyOutbox extends PassingOutbox {
  readonly #process: History;
  readonly #now: Now;
  readonly #hastens: (what: 'state' | 'log') => boolean;

  constructor(out: OrderingOutbox, process: History, now: Now, hastens: (what: 'state' | 'log') => boolean) {
    super(out);
    this.#process = process;
    this.#now = now;
    this.#hastens = hastens;
  }

  override saveOrderState(state: OrderState): void {
    super.saveOrderState(state);
    if (this.#hastens('state')) this.#process.orderStateSaved(state, this.#now, this.out);
  }

  override appendLog(entries: readonly Entry[], version: number, floor: number): void {
    super.appendLog(entries, version, floor);
    const last = entries.at(-1);
    if (last !== undefined && this.#hastens('log'))
      this.#process.logAppended(last.index, version, this.#now, this.out);
  }
}

class AcknowledgesEarly extends Hasty {
  constructor(...rest: ConstructorParameters<typeof History>) {
    super((what) => what === 'log', ...rest);
  }
}

class PromisesEarly extends Hasty {
  constructor(...rest: ConstructorParameters<typeof History>) {
    super((what) => what === 'state', ...rest);
  }
}

/** What it promised is gone with the process. */
class Forgetful extends TamperedHistory {
  protected override tampered(out: OrderingOutbox, now: Now): OrderingOutbox {
    return new ForgetfulOutbox(out, this, now);
  }
}

class ForgetfulOutbox extends PassingOutbox {
  readonly #process: History;
  readonly #now: Now;

  constructor(out: OrderingOutbox, process: History, now: Now) {
    super(out);
    this.#process = process;
    this.#now = now;
  }

  override saveOrderState(state: OrderState): void {
    this.#process.orderStateSaved(state, this.#now, this.out);
  }
}

/** Knows in this life what is committed, and not in the next. */
class FloorLess extends TamperedHistory {
  protected override tampered(out: OrderingOutbox): OrderingOutbox {
    return new FloorLessOutbox(out);
  }
}

class FloorLessOutbox extends PassingOutbox {
  override saveOrderState(state: OrderState): void {
    super.saveOrderState({ ...state, floor: 0 });
  }

  override appendLog(entries: readonly Entry[], version: number): void {
    super.appendLog(entries, version, 0);
  }
}

/** Cuts a batch one record too early, and calls it what it should be. */
class MisCutting extends TamperedHistory {
  override outboxRead(id: number, batches: readonly OutboxBatch[], now: Now, out: OrderingOutbox): void {
    const wrong = batches.map((batch) => ({
      ...batch,
      payload: payloadOf(Math.max(1, batch.firstN - 1), Math.max(1, batch.lastN - 1)),
    }));
    super.outboxRead(id, wrong, now, out);
  }
}

/** Tells its leader of a later format than its program knows. */
class Boastful extends TamperedHistory {
  protected override tampered(out: OrderingOutbox): OrderingOutbox {
    return new BoastfulOutbox(out);
  }
}

class BoastfulOutbox extends PassingOutbox {
  override send(to: PeerId, message: Message, channel: 'stream' | 'datagram'): void {
    if (message.type === 'HEARTBEAT_ACK') {
      const health = { ...message.health, format: message.health.format + 1 };
      super.send(to, { ...message, health }, channel);
    } else super.send(to, message, channel);
  }
}

function withLearners(view: GroupView): readonly GroupMember[] {
  return [...view.voters, ...view.learners];
}

/** By what each does wrong. */
export const MUTATIONS = {
  'acknowledges before its disk has answered': {
    caughtBy: 'said is durable',
    process: AcknowledgesEarly,
  },
  'promises before its disk has answered': { caughtBy: 'said is durable', process: PromisesEarly },
  'forgets its promises': { caughtBy: 'said is durable', process: Forgetful },
  'votes for logs older than its own': {
    caughtBy: 'a leader has all that is committed',
    election: {
      ahead: () => 0,
      grants: (claim, voter) =>
        ELECTION_RULES.grants(claim, { ...voter, lastBallot: claim.lastBallot, lastIndex: claim.lastIndex }),
    },
  },
  'keeps its identity when its disk is lost': {
    caughtBy: 'said is durable',
    keepsIdentity: true,
  },
  'listens to leaders of lower ballots': {
    caughtBy: 'nobody finds the order broken',
    election: { mayFollow: () => true },
  },
  'changes voters in single steps': {
    caughtBy: 'views overlap',
    ordering: { towards: (view, voters) => ({ ...view, voters, joint: null }) },
  },
  'brings views before an entry of its own is committed': {
    caughtBy: 'views overlap',
    ordering: { mayChangeView: (_ownFirst, _commitIndex, isSettled) => isSettled },
  },
  'takes an old answer of its disk for a new one': {
    caughtBy: 'said is durable',
    ordering: { stillStands: () => true },
  },
  'commits entries of earlier ballots by counting': {
    caughtBy: 'committed is on a quorum of disks',
    ordering: { mayCommit: () => true },
  },
  'takes over a tail below its floor': {
    caughtBy: 'nothing committed is cut',
    ordering: { mayCut: () => true },
  },
  'does not check what it is sent': {
    caughtBy: 'equal ballot and index, equal logs',
    ordering: { continues: () => true },
  },
  'takes any answer for one to its question': {
    caughtBy: 'the script goes as it should',
    ordering: { isAnswer: () => true },
  },
  'waits for one record too many': {
    caughtBy: 'nobody finds the order broken',
    ordering: { expects: (lastN) => lastN + 2 },
  },
  'trims before that is committed': {
    caughtBy: 'a base equals the replay of what it covers',
    ordering: { mayTrim: () => true },
  },
  'asks only the voters of old': {
    caughtBy: 'committed is on a quorum of disks',
    ordering: { quorum: (view, holds) => isQuorum({ ...view, joint: null }, holds) },
  },
  'counts learners as voters': {
    caughtBy: 'committed is on a quorum of disks',
    ordering: { quorum: (view, holds) => isQuorum({ ...view, voters: withLearners(view) }, holds) },
  },
  'acknowledges what its leader does not have': {
    caughtBy: 'said is durable',
    ordering: { acknowledged: (durable) => durable },
  },
  'says OK with a damaged log': {
    caughtBy: 'the script goes as it should',
    election: { standsUp: (higher) => ELECTION_RULES.standsUp({ ...higher, isDamaged: false, isFit: true }) },
  },
  'does not write down what is committed': {
    caughtBy: 'delivered is committed, durable and in order',
    process: FloorLess,
  },
  'says it knows a format that it does not': { caughtBy: 'the script goes as it should', process: Boastful },
  'cuts its batches in the wrong place': { caughtBy: 'each record once and in order', process: MisCutting },
  'leaks the flag of a transfer that failed': {
    caughtBy: 'no storm rages',
    election: { reopens: () => false },
  },
} as const satisfies { readonly [what: string]: Broken };

export type Mutation = keyof typeof MUTATIONS;

export const MUTATION_NAMES: readonly Mutation[] = Object.keys(MUTATIONS).filter(isMutation);

export function isMutation(name: string): name is Mutation {
  return name in MUTATIONS;
}

export function brokenOf(mutation: Mutation | null): Broken | null {
  return mutation === null ? null : MUTATIONS[mutation];
}

/** A process as it should be, or as the mutation has it. */
export function makeHistory({ options, recovered, random, now }: Boot, mutation: Mutation | null): History {
  const broken = brokenOf(mutation);
  const rules = {
    election: { ...ELECTION_RULES, ...broken?.election },
    ordering: { ...ORDERING_RULES, ...broken?.ordering },
  };
  const Process = broken?.process ?? History;
  return new Process(options, recovered, random, now, rules);
}
