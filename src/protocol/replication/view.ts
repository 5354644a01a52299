// The view: of all registers of one sensor, whichever stream they are in, the last write wins. Larger time, then
// larger origin, then larger (identity, n). It is kept as registers change, never computed anew. SPEC rules
// RP10-RP13.
//
// The surprise: a sensor with one candidate, which is nearly every sensor, costs one entry of one map. Only those
// that several streams write get a contest.

import { compareText } from '../../kit/order.ts';
import { compareIdentities, identityText, type PeerId, type SensorId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Value } from '../../model/reading.ts';
import type { LatestReading } from '../../model/view.ts';
import { hash52, hashText, plus52 } from './hash.ts';
import type { Slots } from './registers.ts';

interface Collision {
  readonly sensor: SensorId;
  readonly origins: readonly PeerId[];
}

interface Contest {
  readonly candidates: Set<Slots>;
  /** The origins of the collision that was reported last. */
  reported: readonly PeerId[];
}

export class View {
  readonly #winners = new Map<SensorId, Slots>();
  /** Invariant: a sensor is here while it has two candidates or more. */
  readonly #contests = new Map<SensorId, Contest>();
  /** Sensors whose winner is a tombstone. */
  readonly #hidden = new Set<SensorId>();
  #collisions: Collision[] = [];

  get sensorCount(): number {
    return this.#winners.size - this.#hidden.size;
  }

  /** The state of these slots is there, or another one than before. */
  offer(slots: Slots): void {
    const winner = this.#winners.get(slots.sensor);
    if (winner === undefined) this.#crown(slots);
    else if (winner === slots) this.#crown(this.#best(slots));
    else {
      const contest = this.#contestOf(winner);
      contest.candidates.add(slots);
      this.#crown(compareSlots(slots, winner) > 0 ? slots : winner);
      this.#report(slots, contest);
    }
  }

  /** The state of these slots is gone. */
  withdraw(slots: Slots): void {
    const contest = this.#contests.get(slots.sensor);
    contest?.candidates.delete(slots);
    if (this.#winners.get(slots.sensor) === slots) {
      this.#winners.delete(slots.sensor);
      this.#hidden.delete(slots.sensor);
      const [heir] = contest?.candidates ?? [];
      if (heir) this.#crown(this.#best(heir));
    }
    if (contest && contest.candidates.size < 2) this.#contests.delete(slots.sensor);
  }

  *latest(): Iterable<LatestReading> {
    for (const slots of this.#winners.values()) {
      const latest = this.#latest(slots);
      if (latest) yield latest;
    }
  }

  latestOf(sensor: SensorId): LatestReading | null {
    const slots = this.#winners.get(sensor);
    return slots ? this.#latest(slots) : null;
  }

  /** The time with which the tombstone competes that hides a sensor; null where none does. */
  forgottenTsMs(sensor: SensorId): number | null {
    return this.#hidden.has(sensor) ? (this.#winners.get(sensor)?.state?.record.lwwTsMs ?? null) : null;
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

  #latest(slots: Slots): LatestReading | null {
    const record = slots.state?.record;
    if (record?.kind !== 'reading') return null;
    const { stream } = slots.home;
    const meta = stream.ahead?.slotsOf(slots.sensor)?.meta ?? stream.registers.slotsOf(slots.sensor)?.meta;
    return {
      origin: stream.origin,
      identity: stream.identity,
      record,
      unit: meta?.record.unit ?? '',
      periodMs: meta?.record.periodMs ?? 0,
      origins: this.#originsOf(slots),
    };
  }

  #originsOf(winner: Slots): readonly PeerId[] {
    const contest = this.#contests.get(winner.sensor);
    return contest ? readingOrigins(contest) : [winner.home.stream.origin];
  }

  #best(candidate: Slots): Slots {
    let best = candidate;
    for (const other of this.#contests.get(candidate.sensor)?.candidates ?? []) {
      if (compareSlots(other, best) > 0) best = other;
    }
    return best;
  }

  #crown(slots: Slots): void {
    this.#winners.set(slots.sensor, slots);
    if (slots.state?.record.kind === 'tombstone') {
      this.#hidden.add(slots.sensor);
      this.#bury(slots);
    } else this.#hidden.delete(slots.sensor);
  }

  /**
   * What a tombstone beats in other streams is forgotten for good: nobody needs to hear of it any more. In its own
   * stream it supersedes by itself. (RP13)
   */
  #bury(tombstone: Slots): void {
    const contest = this.#contests.get(tombstone.sensor);
    if (!contest) return;
    for (const loser of contest.candidates) {
      if (loser.home.stream === tombstone.home.stream) continue;
      contest.candidates.delete(loser);
      loser.home.dropState(loser);
    }
    if (contest.candidates.size < 2) this.#contests.delete(tombstone.sensor);
  }

  #contestOf(winner: Slots): Contest {
    let contest = this.#contests.get(winner.sensor);
    if (!contest) {
      contest = { candidates: new Set([winner]), reported: [] };
      this.#contests.set(winner.sensor, contest);
    }
    return contest;
  }

  #report(slots: Slots, contest: Contest): void {
    const { origin } = slots.home.stream;
    const { reported } = contest;
    if (reported.includes(origin) || reported.length >= LIMITS.collisionOriginsMax) return;
    const origins = readingOrigins(contest).slice(0, LIMITS.collisionOriginsMax);
    if (origins.length < 2 || origins.length <= reported.length) return;
    contest.reported = origins;
    this.#collisions.push({ sensor: slots.sensor, origins });
  }
}

/** Above 0 when `a` wins. */
function compareSlots(a: Slots, b: Slots): number {
  const x = a.state?.record;
  const y = b.state?.record;
  if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? -1 : 1;
  return (
    x.lwwTsMs - y.lwwTsMs ||
    compareText(a.home.stream.origin, b.home.stream.origin) ||
    compareIdentities(a.home.stream.identity, b.home.stream.identity) ||
    x.n - y.n
  );
}

function readingOrigins(contest: Contest): PeerId[] {
  const origins = new Set<PeerId>();
  for (const slots of contest.candidates) {
    if (slots.state?.record.kind === 'reading') origins.add(slots.home.stream.origin);
  }
  return [...origins].sort(compareText);
}

/** A value as a text that does not depend on the order of its fields. */
function valueText(value: Value): string {
  if (typeof value !== 'object') return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => compareText(a, b));
  return JSON.stringify(fields);
}
