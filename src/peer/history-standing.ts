// The peer's place in its group as an election sees it: read from the log at every question. SPEC rules EL.

import { type Ballot, NO_BALLOT } from '../model/ballot.ts';
import type { GroupMember, GroupRole } from '../model/group-view.ts';
import type { Identity } from '../model/ids.ts';
import type { Now } from '../model/time.ts';
import type { Heir, Standing } from '../protocol/election/standing.ts';
import type { GroupLog } from '../protocol/ordering/group-log.ts';
import type { OrderingOptions } from '../protocol/ordering/options.ts';
import { sameMember, votersOf } from '../protocol/ordering/quorum.ts';
import type { OrderingRules } from '../protocol/ordering/rules.ts';
import type { PeerHealth } from '../wire/ordering-messages.ts';

/** Heirs that have not answered for so long are not there. */
const PRESENT_BEATS = 6;

export class HistoryStanding implements Standing {
  readonly identity: Identity;
  readonly #log: GroupLog | null;
  readonly #rules: OrderingRules;
  readonly #heartbeatMs: number;
  readonly #isFit: () => boolean;
  #nowMs = 0;

  constructor(
    log: GroupLog | null,
    identity: Identity,
    rules: OrderingRules,
    heartbeatMs: number,
    isFit: () => boolean,
  ) {
    this.#log = log;
    this.identity = identity;
    this.#rules = rules;
    this.#heartbeatMs = heartbeatMs;
    this.#isFit = isFit;
  }

  at(now: Now): void {
    this.#nowMs = now.steadyMs;
  }

  get group(): string {
    return this.#log?.replica.group ?? '0000000000000000';
  }

  get role(): GroupRole {
    return this.#log?.replica.role() ?? 'stranger';
  }

  get lastBallot(): Ballot {
    return this.#log?.replica.lastBallot ?? NO_BALLOT;
  }

  get lastIndex(): number {
    return this.#log?.replica.lastIndex ?? 0;
  }

  get isDurable(): boolean {
    const replica = this.#log?.replica;
    return replica === undefined || replica.durableIndex === replica.lastIndex;
  }

  get isDamaged(): boolean {
    return this.#log === null || this.#log.mending.isDamaged;
  }

  get isFit(): boolean {
    return this.#log !== null && !this.isDamaged && this.#isFit();
  }

  get diskMs(): number {
    return this.#log?.replica.disk.slowestMs(this.#nowMs) ?? 0;
  }

  /** What the leader is told of this peer. */
  health(
    { diskStuckMs, format }: Pick<OrderingOptions, 'diskStuckMs' | 'format'>,
    uptimeMs: number,
    leaving: boolean,
  ): PeerHealth {
    const { diskMs, isFit } = this;
    const eligible = isFit && diskMs < diskStuckMs;
    return { diskMs: Math.round(diskMs), uptimeMs: Math.round(uptimeMs), eligible, leaving, format };
  }

  get voters(): readonly GroupMember[] {
    return this.#log === null ? [] : votersOf(this.#log.replica.view);
  }

  get learners(): readonly GroupMember[] {
    return this.#log?.replica.view.learners ?? [];
  }

  isQuorum(holds: (member: GroupMember) => boolean): boolean {
    return this.#log !== null && this.#rules.quorum(this.#log.replica.view, holds);
  }

  heirs(): readonly Heir[] {
    const log = this.#log;
    const leader = log?.reign?.leader;
    if (log === null || leader === undefined) return [];
    const { voters, joint } = log.replica.view;
    const last = log.replica.lastIndex;
    const stays = (member: GroupMember): boolean =>
      joint === null
        ? voters.some((voter) => sameMember(voter, member))
        : joint.some((voter) => sameMember(voter, member));
    return [...leader.followers()]
      .filter(({ member }) => stays(member))
      .map(({ member, match, caughtUpSinceMs, health, lastAckMs }) => ({
        member,
        lag: last - match,
        caughtUpSinceMs,
        health,
        isPresent: this.#nowMs - lastAckMs <= PRESENT_BEATS * this.#heartbeatMs,
      }));
  }
}
