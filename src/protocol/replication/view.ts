// The view: of all registers of one sensor, whichever stream they are in, the last write wins. Larger time, then
// larger origin, then larger (identity, n). It is kept as registers change, never computed anew. SPEC rules
// RP10-RP13.
//
// The surprise: a sensor with one candidate, which is nearly every sensor, has no object here and costs nothing when
// its reading changes. Only those that several streams write get a contest.

import { assert } from '../../kit/assert.ts';
import { compareText } from '../../kit/order.ts';
import { compareIdentities, identityText, type PeerId, type SensorId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { ReadingRecord, Value } from '../../model/reading.ts';
import type { LatestReading } from '../../model/view.ts';
import { hash52, hashText, plus52 } from './hash.ts';
import { Homes } from './homes.ts';
import type { Registers, StateRecord } from './registers.ts';

interface Collision {
  readonly sensor: SensorId;
  readonly origins: readonly PeerId[];
}

interface Contest {
  readonly candidates: Set<Registers>;
  winner: Registers;
  /** The origins of the collision that was reported last. */
  reported: readonly PeerId[];
}

export class View {
  /** Which registers hold a state of which sensor. */
  readonly #homes = new Homes();
  /** Invariant: a sensor is here while it has two candidates or more. */
  readonly #contests = new Map<SensorId, Contest>();
  /** Sensors whose winner is a tombstone. */
  readonly #hidden = new Set<SensorId>();
  /** Sensors that have a candidate. */
  #sensors = 0;
  #collisions: Collision[] = [];

  get sensorCount(): number {
    return this.#sensors - this.#hidden.size;
  }

  /** Whether a tombstone wins anywhere, so that what is offered may be beaten for good. */
  get anyHidden(): boolean {
    return this.#hidden.size > 0;
  }

  /** The registers hold a state of the sensor, `opened`: of which they held none before. */
  offer(home: Registers, state: StateRecord, opened: boolean): void {
    const { sensor } = state;
    if (opened) {
      const rival = this.#homes.first(sensor, home);
      this.#homes.add(sensor, home);
      if (rival === null) this.#sensors++;
      else this.#contestOf(rival, sensor).candidates.add(home);
    }
    if (state.kind === 'reading' && this.#contests.size === 0 && this.#hidden.size === 0) return;
    const contest = this.#contests.get(sensor);
    if (contest === undefined) this.#crown(home, state, null);
    else {
      const defends = contest.winner === home;
      contest.winner = defends ? best(contest, sensor) : better(home, contest.winner, sensor);
      const crowned = contest.winner.state(sensor);
      assert(crowned !== null, 'a winner has a state');
      this.#crown(contest.winner, crowned, contest);
      if (!defends) this.#report(home, sensor, contest);
    }
  }

  /** The registers hold no state of the sensor any more. */
  withdraw(home: Registers, sensor: SensorId): void {
    this.#homes.remove(sensor, home);
    const contest = this.#contests.get(sensor);
    if (contest === undefined) {
      this.#sensors--;
      this.#hidden.delete(sensor);
      return;
    }
    contest.candidates.delete(home);
    if (contest.winner === home) {
      contest.winner = best(contest, sensor);
      const heir = contest.winner.state(sensor);
      if (heir !== null) this.#crown(contest.winner, heir, contest);
    }
    if (contest.candidates.size < 2) this.#contests.delete(sensor);
  }

  /** The registers are no more; nothing of them is shown. */
  release(home: Registers): void {
    this.#homes.release(home);
  }

  *latest(): Iterable<LatestReading> {
    for (const home of this.#homes.all()) {
      for (const record of home.records()) {
        if (record.kind !== 'reading') continue;
        const contest = this.#contests.get(record.sensor);
        if (contest === undefined || contest.winner === home) yield this.#latest(home, record);
      }
    }
  }

  latestOf(sensor: SensorId): LatestReading | null {
    const home = this.#winner(sensor);
    const state = home?.state(sensor);
    return home && state?.kind === 'reading' ? this.#latest(home, state) : null;
  }

  /** The time with which the tombstone competes that hides a sensor; null where none does. */
  forgottenTsMs(sensor: SensorId): number | null {
    return this.#hidden.has(sensor) ? (this.#winner(sensor)?.state(sensor)?.lwwTsMs ?? null) : null;
  }

  /** Collisions found since the last call. */
  takeCollisions(): readonly Collision[] {
    const collisions = this.#collisions;
    if (collisions.length > 0) this.#collisions = [];
    return collisions;
  }

  /** Equal at peers that show the same readings, in whatever order they got them. For checkers: walks all. */
  hash(): number {
    let sum = 0;
    for (const { record, origin, identity, unit, periodMs } of this.latest()) {
      const { sensor, n, tsMs, ingestTsMs, lwwTsMs, value } = record;
      const name = `${origin} ${identityText(identity)} ${n} ${sensor}`;
      const text = `${name} ${tsMs} ${ingestTsMs} ${lwwTsMs} ${valueText(value)} ${unit} ${periodMs}`;
      sum = plus52(sum, hash52(hashText(text, 1), hashText(text, 2), text.length));
    }
    return sum;
  }

  #winner(sensor: SensorId): Registers | null {
    return this.#contests.get(sensor)?.winner ?? this.#homes.first(sensor, null);
  }

  #latest({ stream }: Registers, record: ReadingRecord): LatestReading {
    const { sensor } = record;
    const meta = stream.ahead?.meta(sensor) ?? stream.registers.meta(sensor);
    const contest = this.#contests.get(sensor);
    return {
      origin: stream.origin,
      identity: stream.identity,
      record,
      unit: meta?.unit ?? '',
      periodMs: meta?.periodMs ?? 0,
      origins: contest ? readingOrigins(contest, sensor) : [stream.origin],
    };
  }

  #crown(home: Registers, state: StateRecord, contest: Contest | null): void {
    if (state.kind === 'tombstone') {
      this.#hidden.add(state.sensor);
      if (contest !== null) this.#bury(home, state.sensor, contest);
    } else this.#hidden.delete(state.sensor);
  }

  /**
   * What a tombstone beats in other streams is forgotten for good: nobody needs to hear of it any more. In its own
   * stream it supersedes by itself. (RP13)
   */
  #bury(home: Registers, sensor: SensorId, contest: Contest): void {
    for (const loser of contest.candidates) {
      if (loser.stream === home.stream) continue;
      contest.candidates.delete(loser);
      loser.dropState(sensor);
      this.#homes.remove(sensor, loser);
    }
    if (contest.candidates.size < 2) this.#contests.delete(sensor);
  }

  #contestOf(rival: Registers, sensor: SensorId): Contest {
    let contest = this.#contests.get(sensor);
    if (!contest) {
      contest = { candidates: new Set([rival]), winner: rival, reported: [] };
      this.#contests.set(sensor, contest);
    }
    return contest;
  }

  #report(home: Registers, sensor: SensorId, contest: Contest): void {
    const { origin } = home.stream;
    const { reported } = contest;
    if (reported.includes(origin) || reported.length >= LIMITS.collisionOriginsMax) return;
    const origins = readingOrigins(contest, sensor).slice(0, LIMITS.collisionOriginsMax);
    if (origins.length < 2 || origins.length <= reported.length) return;
    contest.reported = origins;
    this.#collisions.push({ sensor, origins });
  }
}

function best({ candidates, winner }: Contest, sensor: SensorId): Registers {
  let found = winner;
  for (const other of candidates) found = better(other, found, sensor);
  return found;
}

function better(a: Registers, b: Registers, sensor: SensorId): Registers {
  return compareStates(a, b, sensor) > 0 ? a : b;
}

/** Above 0 when `a` wins. */
function compareStates(a: Registers, b: Registers, sensor: SensorId): number {
  const x = a.state(sensor);
  const y = b.state(sensor);
  if (x === null || y === null) return x === y ? 0 : x === null ? -1 : 1;
  return (
    x.lwwTsMs - y.lwwTsMs ||
    compareText(a.stream.origin, b.stream.origin) ||
    compareIdentities(a.stream.identity, b.stream.identity) ||
    x.n - y.n
  );
}

function readingOrigins(contest: Contest, sensor: SensorId): PeerId[] {
  const origins = new Set<PeerId>();
  for (const home of contest.candidates) {
    if (home.state(sensor)?.kind === 'reading') origins.add(home.stream.origin);
  }
  return [...origins].sort(compareText);
}

/** A value as a text that does not depend on the order of its fields. */
function valueText(value: Value): string {
  if (typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => compareText(a, b));
  return JSON.stringify(fields);
}
