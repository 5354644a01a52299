// The registry: what a node knows of every sensor of the site beyond its latest reading. It follows the changes of
// registers, so it needs no word of its own between nodes: how often a sensor speaks each node learns for itself, and
// keeps over a restart; what people call a sensor is replicated like a reading. SPEC rules RE1-RE6.

import type { Hub, TimedFact } from '../hub/hub.ts';
import {
  type DescriptionChange,
  DescriptionRefused,
  type KnownSensor,
  type SensorDescription,
  type SensorKind,
  type SensorRegistry,
} from '../hub/sensor-registry.ts';
import type { Log } from '../kit/log.ts';
import type { SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { ReadingRecord, Value } from '../model/reading.ts';
import { isHidden } from '../model/reserved-name.ts';
import type { LatestReading } from '../model/view.ts';
import { Cadences, STALE_AFTER_MS_UNKNOWN } from './cadences.ts';
import {
  changed,
  decodeDescription,
  descriptionRegister,
  encodeDescription,
  isDescription,
  isEmpty,
} from './descriptions.ts';
import { readRegistry, writeRegistry } from './registry-file.ts';

const SAVE_EVERY_MS = 300_000;

/** A sensor that has said nothing for longer than it ever should. */
export interface Overdue {
  readonly sensor: SensorId;
  readonly lastSeenMs: number;
  readonly cadenceMs: number;
}

export class Registry implements SensorRegistry {
  readonly #hub: Hub;
  readonly #log: Log;
  readonly #path: string;
  readonly #slots = new Map<SensorId, number>();
  readonly #cadences = new Cadences();
  /** By register: several names of one sensor cannot be. */
  readonly #descriptions = new Map<SensorId, SensorDescription>();
  readonly #bySensor = new Map<SensorId, SensorDescription>();
  readonly #unfollow: () => void;
  #saving: NodeJS.Timeout | null = null;
  #isFull = false;
  #untracked = 0;

  private constructor(hub: Hub, log: Log, path: string) {
    this.#hub = hub;
    this.#log = log;
    this.#path = path;
    this.#unfollow = hub.follow(({ fact }) => this.#hear(fact));
  }

  /** `path` is the file in which it is kept over a restart. */
  static async start(hub: Hub, log: Log, path: string): Promise<Registry> {
    const registry = new Registry(hub, log, path);
    for (const { sensor, firstSeenMs, lastSeenMs, intervals } of await readRegistry(path, log)) {
      const slot = registry.#slotOf(sensor, firstSeenMs);
      if (slot !== null) registry.#cadences.recall(slot, firstSeenMs, lastSeenMs, intervals);
    }
    for (const { record, periodMs } of hub.latest()) {
      const slot = registry.#arrived(record);
      if (slot !== null) registry.#cadences.declare(slot, periodMs);
    }
    for (const { record } of hub.reserved()) registry.#described(record);
    registry.#saveLater();
    return registry;
  }

  known(latest: LatestReading, nowMs: number): KnownSensor {
    const { sensor, value, ingestTsMs } = latest.record;
    const slot = this.#slots.get(sensor);
    const cadences = this.#cadences;
    return {
      sensor,
      kind: kindOf(value),
      description: this.#bySensor.get(sensor) ?? null,
      cadenceMs: slot === undefined ? null : rounded(cadences.cadenceMs(slot)),
      staleAfterMs: Math.round(slot === undefined ? STALE_AFTER_MS_UNKNOWN : cadences.staleAfterMs(slot)),
      isOverdue: this.isOverdue(latest, nowMs),
      firstSeenMs: slot === undefined ? ingestTsMs : cadences.firstSeenMs(slot),
      lastSeenMs: slot === undefined ? ingestTsMs : cadences.lastSeenMs(slot),
    };
  }

  isOverdue({ record }: LatestReading, nowMs: number): boolean {
    const slot = this.#slots.get(record.sensor);
    if (slot === undefined) return nowMs - record.ingestTsMs > STALE_AFTER_MS_UNKNOWN;
    return nowMs - this.#cadences.lastSeenMs(slot) > this.#cadences.staleAfterMs(slot);
  }

  /** Those whose cadence is learned that have been silent for too long; time before `sinceMs` does not count as silence. (AL2) */
  *overdue(nowMs: number, sinceMs: number): Iterable<Overdue> {
    const cadences = this.#cadences;
    for (const [sensor, slot] of this.#slots) {
      const lastSeenMs = cadences.lastSeenMs(slot);
      if (nowMs - Math.max(sinceMs, lastSeenMs) <= cadences.staleAfterMs(slot)) continue;
      const cadenceMs = cadences.learnedMs(slot);
      if (cadenceMs !== null) yield { sensor, lastSeenMs, cadenceMs: Math.round(cadenceMs) };
    }
  }

  async describe(sensor: SensorId, change: DescriptionChange): Promise<SensorDescription> {
    const before = this.#bySensor.get(sensor);
    if (before === undefined && this.#hub.latestOf(sensor) === null) {
      throw new DescriptionRefused(`no such sensor here: ${JSON.stringify(sensor)}`);
    }
    const description = changed(before ?? { sensor, name: '', group: '', labels: {} }, change);
    const register = descriptionRegister(sensor);
    if (isEmpty(description)) {
      if (before !== undefined) await this.#hub.forget([register]);
      return description;
    }
    if (before === undefined && this.#descriptions.size >= LIMITS.descriptionsMax) {
      throw new DescriptionRefused(`at most ${LIMITS.descriptionsMax} sensors are described`);
    }
    // What it replaces may bear the time of a clock that runs ahead of this node's.
    const beforeMs = this.#hub.latestOf(register)?.record.lwwTsMs ?? 0;
    const tsMs = Math.max(Date.now(), beforeMs + 1);
    await this.#hub.submit([{ sensor: register, value: encodeDescription(description), tsMs }], 'stored');
    return description;
  }

  counters(): { readonly [name: string]: number } {
    return { registry_sensors: this.#slots.size, registry_sensors_untracked_total: this.#untracked };
  }

  async stop(): Promise<void> {
    this.#unfollow();
    if (this.#saving !== null) clearTimeout(this.#saving);
    await this.#save();
  }

  #hear(fact: TimedFact['fact']): void {
    if (fact.type !== 'registers-changed') return;
    for (const record of fact.records) {
      if (isHidden(record.sensor)) {
        if (record.kind === 'reading') this.#described(record);
        else if (record.kind === 'tombstone') this.#undescribed(record.sensor);
      } else if (record.kind === 'reading') this.#arrived(record);
      else if (record.kind === 'tombstone') this.#forgotten(record.sensor);
      else {
        const slot = this.#slots.get(record.sensor);
        if (slot !== undefined) this.#cadences.declare(slot, record.periodMs);
      }
    }
  }

  #arrived({ sensor, ingestTsMs }: ReadingRecord): number | null {
    const slot = this.#slotOf(sensor, ingestTsMs);
    if (slot !== null) this.#cadences.arrived(slot, ingestTsMs);
    return slot;
  }

  #slotOf(sensor: SensorId, firstSeenMs: number): number | null {
    const known = this.#slots.get(sensor);
    if (known !== undefined) return known;
    const slot = this.#cadences.open(firstSeenMs);
    if (slot !== null) this.#slots.set(sensor, slot);
    else {
      this.#untracked++;
      if (!this.#isFull) this.#log.warn('no more sensors are learned', { limit: LIMITS.registrySensorsMax });
      this.#isFull = true;
    }
    return slot;
  }

  /** Another origin may still hold a later reading of it. */
  #forgotten(sensor: SensorId): void {
    const slot = this.#slots.get(sensor);
    if (slot === undefined || this.#hub.latestOf(sensor) !== null) return;
    this.#slots.delete(sensor);
    this.#cadences.close(slot);
  }

  /** The winner counts, whatever the order in which writes came. */
  #described({ sensor: register }: ReadingRecord): void {
    if (!isDescription(register)) return;
    const winner = this.#hub.latestOf(register);
    const description = winner === null ? null : decodeDescription(winner.record.value);
    if (description === null) this.#undescribed(register);
    else if (this.#descriptions.has(register) || this.#descriptions.size < LIMITS.descriptionsMax) {
      this.#descriptions.set(register, description);
      this.#bySensor.set(description.sensor, description);
    }
  }

  #undescribed(register: SensorId): void {
    const description = this.#descriptions.get(register);
    if (description === undefined) return;
    this.#descriptions.delete(register);
    this.#bySensor.delete(description.sensor);
  }

  #saveLater(): void {
    this.#saving = setTimeout(async () => {
      await this.#save();
      if (this.#saving !== null) this.#saveLater();
    }, SAVE_EVERY_MS);
    this.#saving.unref();
  }

  async #save(): Promise<void> {
    try {
      await writeRegistry(this.#path, this.#rows());
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      this.#log.warn('the registry is not kept; it is learned anew after a restart', { why });
    }
  }

  *#rows() {
    const cadences = this.#cadences;
    for (const [sensor, slot] of this.#slots) {
      yield {
        sensor,
        firstSeenMs: cadences.firstSeenMs(slot),
        lastSeenMs: cadences.lastSeenMs(slot),
        intervals: cadences.intervals(slot),
      };
    }
  }
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms);
}

function kindOf(value: Value): SensorKind {
  switch (typeof value) {
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'string':
      return 'text';
    default:
      return 'record';
  }
}
