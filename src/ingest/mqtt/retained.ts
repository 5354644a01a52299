// What a subscriber gets at once: the latest reading of each sensor, whatever input and node it came by, and the retained
// topics that are no sensors. All of it is replicated state, so that every node serves the same. SPEC rules MQ11, MQ12.

import type { Hub } from '../../hub/hub.ts';
import { type Alert, alertBody, decodeAlert, isAlertRegister } from '../../model/alert.ts';
import { parseSensorId, type SensorId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Reading, Value } from '../../model/reading.ts';
import { retainedName, retainedText, retainedTopicOf, retainedValue } from '../../model/retained-topic.ts';
import { matchesTopic } from '../../model/topic-filter.ts';
import type { LatestReading } from '../../model/view.ts';
import { DISCOVERY, descriptionsOf } from './home-assistant.ts';
import { decodeBody, encodeBody, isExpired, type Message } from './message.ts';
import { NO_PROPERTIES } from './packet.ts';
import type { Discovered } from './profiles/discovered.ts';

/** `$sensorium/last/<sensor>`: the reading as JSON, with all that is known of it. */
export const LAST = '$sensorium/last/';

/** `$sensorium/alerts/<rule>/<sensor>`: an alert as JSON, from every node as it knows it. (AL9) */
const ALERTS = '$sensorium/alerts/';

export interface Retained {
  readonly message: Message;
  /** User properties of MQTT 5 that tell of the reading. */
  readonly extra: readonly (readonly [string, string])[];
}

export class RetainedTopics {
  readonly #hub: Hub;
  readonly #discovered: Discovered;
  readonly #describes: boolean;

  constructor(hub: Hub, discovered: Discovered, homeAssistant: boolean) {
    this.#hub = hub;
    this.#discovered = discovered;
    this.#describes = homeAssistant;
  }

  /** All whose topics a pattern takes in. */
  *matching(pattern: string, nowMs: number): Iterable<Retained> {
    if (pattern === '$sensorium/#') yield* this.#last('#', nowMs);
    if (pattern.startsWith(LAST)) yield* this.#last(pattern.slice(LAST.length), nowMs);
    if (pattern === '$sensorium/#' || pattern.startsWith(ALERTS)) yield* this.#alerts(pattern, nowMs);
    if (pattern.startsWith('$')) return;
    if (this.#describes && mayMatch(pattern)) {
      for (const latest of this.#hub.latest()) {
        for (const message of this.descriptions(latest, nowMs)) {
          if (matchesTopic(pattern, message.topic)) yield { message, extra: [] };
        }
      }
    }
    if (!/[+#]/.test(pattern)) {
      const one = this.#one(pattern, nowMs);
      if (one !== null) yield one;
      return;
    }
    for (const latest of this.#hub.latest()) {
      if (matchesTopic(pattern, latest.record.sensor)) yield this.reading(latest, nowMs);
    }
    for (const register of this.#hub.retained()) {
      const topic = retainedTopicOf(register.record.sensor);
      if (!matchesTopic(pattern, topic) || this.#sensor(topic) !== null) continue;
      const kept = keptMessage(register, nowMs);
      if (kept !== null) yield { message: kept, extra: [] };
    }
  }

  /** A reading as the message of its sensor's topic. */
  reading(latest: LatestReading, nowMs: number): Retained {
    const { record } = latest;
    const payload = Buffer.from(textOf(record.value));
    return { message: messageOf(record.sensor, payload, nowMs), extra: this.#told(latest, nowMs) };
  }

  /** The same as JSON, under `$sensorium/last/`. */
  last(latest: LatestReading, nowMs: number): Message {
    const { record, origin, unit } = latest;
    const { commit, sequence, group } = this.#hub.commitOf(latest);
    const described = this.#discovered.of(record.sensor);
    const json = {
      sensor: record.sensor,
      value: record.value,
      ts: record.tsMs,
      ingest_ts: record.ingestTsMs,
      age_ms: Math.max(0, nowMs - record.tsMs),
      origin,
      n: record.n,
      commit,
      group,
      seq: sequence,
      unit,
      ...(described && { name: described.name, device_class: described.deviceClass }),
    };
    return messageOf(LAST + record.sensor, Buffer.from(JSON.stringify(json)), nowMs);
  }

  /** What Home Assistant is told of a sensor, unless its own device tells it. (MQ18) */
  descriptions({ record, unit }: LatestReading, nowMs: number): readonly Message[] {
    if (!this.#describes || this.#discovered.of(record.sensor) !== null) return [];
    return descriptionsOf(record.sensor, record.value, unit).map(({ topic, config }) =>
      messageOf(topic, Buffer.from(JSON.stringify(config)), nowMs),
    );
  }

  /** The register that keeps a message; null where it is too large or its topic can be no name. */
  keep(message: Message, nowMs: number): Reading | null {
    const body = encodeBody(message, nowMs);
    if (body.length > LIMITS.mqttRetainedBytesMax) return null;
    const value = retainedValue(Buffer.from(body).toString('base64'));
    const sensor = parseSensorId(retainedName(message.topic));
    return sensor.ok ? { sensor: sensor.value, value } : null;
  }

  /** What there is to forget when an empty message is retained. [MQTT-3.3.1-6] */
  namesOf(topic: string): readonly SensorId[] {
    return [topic, retainedName(topic)].flatMap((name) => {
      const sensor = parseSensorId(name);
      return sensor.ok && this.#hub.latestOf(sensor.value) !== null ? [sensor.value] : [];
    });
  }

  *#last(pattern: string, nowMs: number): Iterable<Retained> {
    for (const latest of this.#hub.latest()) {
      if (matchesTopic(pattern, latest.record.sensor)) yield { message: this.last(latest, nowMs), extra: [] };
    }
  }

  *#alerts(pattern: string, nowMs: number): Iterable<Retained> {
    for (const { record } of this.#hub.reserved()) {
      const alert = isAlertRegister(record.sensor) ? decodeAlert(record.value) : null;
      if (alert === null) continue;
      const message = alertMessage(alert, nowMs);
      if (matchesTopic(pattern, message.topic)) yield { message, extra: [] };
    }
  }

  #one(topic: string, nowMs: number): Retained | null {
    const latest = this.#sensor(topic);
    if (latest !== null) return this.reading(latest, nowMs);
    const register = this.#sensor(retainedName(topic));
    const kept = register && keptMessage(register, nowMs);
    return kept && { message: kept, extra: [] };
  }

  #sensor(name: string): LatestReading | null {
    const sensor = parseSensorId(name);
    return sensor.ok ? this.#hub.latestOf(sensor.value) : null;
  }

  #told(latest: LatestReading, nowMs: number): Retained['extra'] {
    const { record, origin, unit } = latest;
    const { sequence } = this.#hub.commitOf(latest);
    return [
      ['ts', String(record.tsMs)],
      ['ingest_ts', String(record.ingestTsMs)],
      ['age', String(Math.max(0, nowMs - record.tsMs))],
      ['origin', origin],
      ['n', String(record.n)],
      ['seq', sequence === null ? '' : String(sequence)],
      ['unit', unit],
    ];
  }
}

export function alertMessage(alert: Alert, nowMs: number): Message {
  const topic = `${ALERTS}${alert.rule}/${alert.sensor}`;
  return messageOf(topic, Buffer.from(JSON.stringify(alertBody(alert))), nowMs);
}

function mayMatch(pattern: string): boolean {
  const [first] = pattern.split('/');
  return first === DISCOVERY || first === '+' || first === '#';
}

export function textOf(value: Value): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export function messageOf(topic: string, payload: Buffer, atMs: number): Message {
  return {
    topic,
    payload,
    qos: 1,
    retain: true,
    properties: NO_PROPERTIES,
    atMs,
    client: null,
    bridged: false,
  };
}

/** Null: it has expired, or is nothing this node can read. */
function keptMessage({ record }: LatestReading, nowMs: number): Message | null {
  const text = retainedText(record.value);
  if (text === null) return null;
  const topic = retainedTopicOf(record.sensor);
  const message = decodeBody(topic, Buffer.from(text, 'base64'), record.ingestTsMs);
  return message === null || isExpired(message, nowMs) ? null : message;
}
