// The alerts of the site, as this node knows them: registers under `$sensorium/alert/…`, durable, at every node, settled by
// last write wins. What this node writes counts for it at once, so that what it writes next goes on from there.
// SPEC rules AL4, AL6.

import { createHash } from 'node:crypto';
import type { Hub } from '../hub/hub.ts';
import type { Log } from '../kit/log.ts';
import {
  ALERT_REGISTERS,
  type Alert,
  alertKey,
  alertName,
  decodeAlert,
  encodeAlert,
  isAlertRegister,
} from '../model/alert.ts';
import { parseSensorId, type SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Reading } from '../model/reading.ts';

interface Kept {
  readonly alert: Alert;
  readonly tsMs: number;
}

export class AlertBoard {
  readonly #hub: Hub;
  readonly #log: Log;
  readonly #nowMs: () => number;
  /** Told of each alert that was raised or cleared, here or anywhere. */
  readonly #changed: (alert: Alert) => void;
  /** By what names an alert. */
  readonly #kept = new Map<string, Kept>();
  /** Which alert a register keeps. */
  readonly #names = new Map<SensorId, string>();
  /** The key of what `#changed` was told last. */
  readonly #announced = new Map<string, string>();
  /** Bounded by the alerts there may be and what a turn of the event loop brings. */
  readonly #unwritten: Reading[] = [];
  #writing: Promise<void> | null = null;
  #suppressed = 0;

  constructor(hub: Hub, log: Log, nowMs: () => number, changed: (alert: Alert) => void) {
    this.#hub = hub;
    this.#log = log;
    this.#nowMs = nowMs;
    this.#changed = changed;
    for (const { record } of hub.reserved()) {
      const alert = isAlertRegister(record.sensor) ? decodeAlert(record.value) : null;
      if (alert === null) continue;
      const name = alertName(alert.rule, alert.sensor);
      this.#names.set(record.sensor, name);
      this.#kept.set(name, { alert, tsMs: record.lwwTsMs });
      this.#announced.set(name, alertKey(alert));
    }
  }

  /** Alerts that there was no room for. */
  get suppressed(): number {
    return this.#suppressed;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** The latest change first. */
  all(): readonly Alert[] {
    return [...this.#kept.values()].map(({ alert }) => alert).sort((a, b) => b.changedMs - a.changedMs);
  }

  values(): Iterable<Alert> {
    return [...this.#kept.values()].map(({ alert }) => alert);
  }

  of(rule: string, sensor: SensorId): Alert | null {
    return this.#kept.get(alertName(rule, sensor))?.alert ?? null;
  }

  isRaised(rule: string, sensor: SensorId): boolean {
    return this.#kept.size > 0 && this.of(rule, sensor)?.state === 'raised';
  }

  /** Whether this very state of it has its place in the common order, so that whoever leads next finds it there. */
  isCommitted(alert: Alert): boolean {
    const latest = this.#hub.latestOf(registerOf(alert.rule, alert.sensor));
    const stored = latest === null ? null : decodeAlert(latest.record.value);
    if (latest === null || stored === null || alertKey(stored) !== alertKey(alert)) return false;
    return this.#hub.commitOf(latest).commit === 'committed';
  }

  /** False where there is no room for another one. */
  write(alert: Alert): boolean {
    const register = registerOf(alert.rule, alert.sensor);
    const name = alertName(alert.rule, alert.sensor);
    const before = this.#kept.get(name);
    if (before === undefined && this.#kept.size >= LIMITS.alertsMax) {
      if (this.#suppressed++ === 0) this.#log.warn('no more alerts are raised', { limit: LIMITS.alertsMax });
      return false;
    }
    // What it replaces may bear the time of a clock that runs ahead of this node's.
    const tsMs = Math.max(this.#nowMs(), (before?.tsMs ?? 0) + 1);
    this.#kept.set(name, { alert, tsMs });
    this.#names.set(register, name);
    this.#unwritten.push({ sensor: register, value: encodeAlert(alert), tsMs });
    // Often this is in the course of a fact; what is written comes behind it, all of one turn together.
    this.#writing ??= new Promise((written) => setImmediate(() => void this.#flush().then(written)));
    return true;
  }

  /** Resolves when all that was written is durable here, or was not taken. */
  async written(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  /** The oldest of those that are over and were told to whoever is to be told. */
  prune(isDone: (alert: Alert) => boolean, olderThanMs: number): void {
    const done = [...this.#kept].filter(([, { alert }]) => alert.state === 'cleared' && isDone(alert));
    done.sort(([, a], [, b]) => a.alert.changedMs - b.alert.changedMs);
    const tooMany = this.#kept.size - Math.floor(LIMITS.alertsMax * ROOM);
    const gone = done.flatMap(([, { alert }], at) =>
      at < tooMany || alert.changedMs < olderThanMs ? [registerOf(alert.rule, alert.sensor)] : [],
    );
    if (gone.length === 0) return;
    this.#hub.forget(gone).catch((cause) => {
      this.#log.warn('alerts that are over could not be forgotten', { why: String(cause) });
    });
  }

  /** A register of the site changed. */
  heard(register: SensorId): void {
    if (!isAlertRegister(register)) return;
    const alert = this.#reread(register);
    if (alert === null) return;
    const name = alertName(alert.rule, alert.sensor);
    const key = alertKey(alert);
    if (this.#announced.get(name) === key) return;
    this.#announced.set(name, key);
    this.#changed(alert);
  }

  async #flush(): Promise<void> {
    while (this.#unwritten.length > 0) {
      const readings = this.#unwritten.splice(0, LIMITS.readingsPerSubmitMax);
      try {
        await this.#hub.submit(readings, 'stored');
      } catch (cause) {
        this.#log.warn('alerts could not be written', { count: readings.length, why: String(cause) });
        for (const { sensor } of readings) {
          this.#kept.delete(this.#names.get(sensor) ?? '');
          this.#reread(sensor);
        }
      }
    }
    this.#writing = null;
  }

  /** Null: it is forgotten. */
  #reread(register: SensorId): Alert | null {
    const latest = this.#hub.latestOf(register);
    const alert = latest === null ? null : decodeAlert(latest.record.value);
    if (latest === null || alert === null) {
      const name = this.#names.get(register) ?? '';
      this.#names.delete(register);
      this.#kept.delete(name);
      this.#announced.delete(name);
      return null;
    }
    // A later write of this node's own may still be on its way to the disk.
    const { lwwTsMs: tsMs } = latest.record;
    const name = alertName(alert.rule, alert.sensor);
    this.#names.set(register, name);
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.tsMs > tsMs) return kept.alert;
    this.#kept.set(name, { alert, tsMs });
    return alert;
  }
}

/** Above this share of what there may be, those that are over make room. */
const ROOM = 0.9;

function registerOf(rule: string, sensor: SensorId): SensorId {
  const digest = createHash('sha256').update(alertName(rule, sensor)).digest('hex').slice(0, 32);
  const register = parseSensorId(ALERT_REGISTERS + digest);
  if (!register.ok) throw new Error(register.problem);
  return register.value;
}
