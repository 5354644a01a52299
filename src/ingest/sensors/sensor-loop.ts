// One sensor's life: it samples on a monotonic schedule, lets each reading travel for its latency, and submits
// it. A period that was missed is left out, never made up for. SPEC rules IN16, IN17.

import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { SensorOptions } from '../../config/sensors.ts';
import { type Hub, SubmitRefused } from '../../hub/hub.ts';
import { assert } from '../../kit/assert.ts';
import type { Log } from '../../kit/log.ts';
import type { Random } from '../../kit/random.ts';
import { checkReading } from '../../model/check-reading.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Reading } from '../../model/reading.ts';
import type { Sample, SensorSource } from './source.ts';

const RETRY_MS = 250;

export class SensorLoop {
  readonly #hub: Hub;
  readonly #log: Log;
  readonly #sensor: SensorOptions;
  readonly #source: SensorSource;
  readonly #random: Random;
  readonly #stopped = new AbortController();
  readonly #startedAtMs = performance.now();
  /** Readings on their way; at most `sensorReadingsPendingMax`. */
  readonly #pending = new Set<Promise<void>>();
  /** The last one that was waited for, counted from the start. */
  #period = 0;
  #complaining = false;
  readonly #ended: Promise<void>;

  constructor(hub: Hub, log: Log, sensor: SensorOptions, source: SensorSource, random: Random) {
    this.#hub = hub;
    this.#log = log;
    this.#sensor = sensor;
    this.#source = source;
    this.#random = random;
    // Every reading on its way listens for the end, and so does the schedule.
    setMaxListeners(LIMITS.sensorReadingsPendingMax + 1, this.#stopped.signal);
    this.#ended = this.#run();
  }

  /** Resolves once nothing of it is under way. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    do {
      if (this.#pending.size >= LIMITS.sensorReadingsPendingMax) continue;
      const wallMs = Date.now();
      const sample = await this.#sampleAt(wallMs);
      if (sample === 'failed') continue;
      if (sample === null) break;
      const travel = this.#deliver(sample, wallMs).finally(() => this.#pending.delete(travel));
      this.#pending.add(travel);
    } while (await this.#nextPeriod());
    await Promise.all(this.#pending);
  }

  async #sampleAt(wallMs: number): Promise<Sample | null | 'failed'> {
    try {
      return await this.#source.sample(wallMs);
    } catch (cause) {
      this.#complain('sensor cannot be read', cause);
      return 'failed';
    }
  }

  /** Waits for the next period that has not begun. False when stopped. */
  async #nextPeriod(): Promise<boolean> {
    const { periodMs } = this.#sensor;
    const present = Math.floor((performance.now() - this.#startedAtMs) / periodMs);
    this.#period = Math.max(this.#period, present) + 1;
    return this.#waitUntil(this.#startedAtMs + this.#period * periodMs);
  }

  async #deliver(sample: Sample, wallMs: number): Promise<void> {
    const { latencyMs, latencyJitterMs } = this.#sensor;
    const travelMs = latencyMs + this.#random.between(-latencyJitterMs, latencyJitterMs);
    if (!(await this.#waitUntil(performance.now() + travelMs))) return;

    const reading = this.#readingOf(sample, wallMs);
    while (!(await this.#submit(reading))) {
      // Only a story that is the same at every start may not miss a reading. (IN17)
      if (this.#sensor.type !== 'finite_test' || !(await this.#waitUntil(performance.now() + RETRY_MS)))
        return;
    }
  }

  /** Whether the reading needs no further try. */
  async #submit(reading: Reading): Promise<boolean> {
    try {
      await this.#hub.submit([reading], 'stored');
      this.#complaining = false;
      return true;
    } catch (cause) {
      this.#complain('sensor reading refused', cause);
      return !(cause instanceof SubmitRefused && cause.retry);
    }
  }

  /** Says so once, until a reading is stored again. */
  #complain(message: string, cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause);
    if (!this.#complaining) this.#log.warn(message, { sensor: this.#sensor.id, why });
    this.#complaining = true;
  }

  #readingOf(sample: Sample, wallMs: number): Reading {
    const { id, unit, periodMs } = this.#sensor;
    const reading = checkReading({
      sensor: id,
      value: sample.value,
      tsMs: sample.tsMs ?? wallMs,
      unit,
      periodMs,
    });
    assert(reading.ok, 'a sensor of this node makes readings that pass the check');
    return reading.value;
  }

  /** False when stopped. */
  async #waitUntil(steadyMs: number): Promise<boolean> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const remainingMs = steadyMs - performance.now();
      if (remainingMs <= 0) return true;
      // A timer that is armed in a busy turn of the event loop counts from the beginning of that turn, and so
      // may come too early.
      await delay(Math.ceil(remainingMs), null, { signal }).catch(() => null);
    }
    return false;
  }
}
