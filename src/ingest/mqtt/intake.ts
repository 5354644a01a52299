// What becomes of a publish: readings as its profile finds them, a register when it is retained and no sensor, and in any
// case a message for all who want it. It is passed on, and answered, only when what is to be kept of it is stored. SPEC
// rules MQ3-MQ5, MQ12-MQ14.

import { type Durability, type Hub, SubmitRefused } from '../../hub/hub.ts';
import { checkReading } from '../../model/check-reading.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Reading } from '../../model/reading.ts';
import { isRetainedTopic } from '../../model/retained-topic.ts';
import type { Inbox } from '../inbox.ts';
import type { Refusals } from '../refusals.ts';
import type { Exchange } from './exchange.ts';
import type { Message } from './message.ts';
import { REASON } from './packet.ts';
import type { Discovered } from './profiles/discovered.ts';
import type { Profiles } from './profiles/profiles.ts';
import type { RetainedTopics } from './retained.ts';
import { type Settled, Submissions } from './submissions.ts';

/** Who publishes: its messages keep their order. */
export interface Source {
  /** Of its publishes, those that are not stored yet. */
  storing: number;
}

/** The reason code to answer with; null: no answer may be given, as nobody can tell what became of it. */
export type Answered = (code: number | null) => void;

export interface IntakeOptions {
  readonly hub: Hub;
  readonly exchange: Exchange;
  readonly retained: RetainedTopics;
  readonly profiles: Profiles;
  readonly discovered: Discovered;
  readonly refusals: Refusals;
  readonly inbox: Inbox;
  /** What an answer waits for. */
  readonly ack: Durability;
  /** Clients may be read again. */
  readonly roomAgain: () => void;
}

const NOTHING: readonly Reading[] = [];

export class Intake {
  readonly #options: IntakeOptions;
  readonly #submissions: Submissions;
  readonly #unfollow: () => void;
  /** Answers that wait until all up to a number is committed, in rising order. */
  #uncommitted: { readonly n: number; readonly answer: () => void }[] = [];
  /** The last number that is stored. */
  #lastN = 0;
  #readings = 0;
  #messages = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
    const { hub, exchange } = options;
    const stored = (firstN: number, count: number) => exchange.published(firstN, count);
    this.#submissions = new Submissions(hub, stored, options.roomAgain);
    this.#unfollow = hub.follow(({ fact }) => {
      if (fact.type === 'submit-stored') this.#lastN = Math.max(this.#lastN, fact.lastN);
      else if (fact.type === 'own-committed') this.#committed(fact.upto);
      else if (fact.type === 'identity-taken') this.#renamed();
    });
  }

  get isFull(): boolean {
    return this.#submissions.isFull || this.#uncommitted.length >= LIMITS.mqttStoringMax;
  }

  counters(): { readonly [name: string]: number } {
    return { mqtt_messages_received_total: this.#messages, mqtt_readings_accepted_total: this.#readings };
  }

  stop(): void {
    this.#unfollow();
    this.#submissions.stop();
    this.#uncommitted = [];
  }

  take(message: Message, source: Source, answered: Answered): void {
    this.#messages++;
    if (message.retain && message.payload.length === 0) {
      this.#forget(message, answered);
      return;
    }
    const readings = this.#toStore(message);
    if (readings === null) {
      answered(REASON.quotaExceeded);
      return;
    }
    if (readings.length === 0 && source.storing === 0) {
      this.#options.exchange.pass(message);
      answered(REASON.success);
      return;
    }
    source.storing++;
    this.#submissions.add(readings, message.payload.length + message.topic.length, (settled) => {
      source.storing--;
      this.#settled(message, readings, settled, answered);
    });
  }

  /** Null: it was to be retained and can't be. */
  #toStore(message: Message): readonly Reading[] | null {
    const { topic, payload, retain, atMs } = message;
    const { profiles, inbox, retained } = this.#options;
    const understood = profiles.read(topic, payload);
    const readings = understood.kind === 'readings' ? this.#checked(message, understood.readings) : NOTHING;
    if (understood.kind === 'unknown') inbox.add('mqtt', topic, understood.why, payload, atMs);
    const isSensor = readings.some(({ sensor }) => sensor === topic);
    if (!retain || isSensor) return readings;

    const kept = retained.keep(message, atMs);
    if (kept !== null) return [...readings, kept];
    const why = `a retained message has at most ${LIMITS.mqttRetainedBytesMax} bytes and a topic of at most ${LIMITS.sensorIdBytesMax - 10}`;
    this.#refused('not_retained', why, payload);
    return null;
  }

  #checked({ topic, payload, atMs }: Message, candidates: readonly Parameters<typeof checkReading>[0][]) {
    const { discovered, inbox } = this.#options;
    const readings: Reading[] = [];
    let why: string | null = null;
    for (const candidate of candidates) {
      const checked = checkReading(candidate);
      if (!checked.ok) why ??= checked.problem;
      else readings.push(withUnit(checked.value, discovered));
    }
    if (why !== null && readings.length === 0) inbox.add('mqtt', topic, why, payload, atMs);
    return readings;
  }

  #settled(message: Message, readings: readonly Reading[], settled: Settled, answered: Answered): void {
    switch (settled.kind) {
      case 'stored':
        this.#readings += readings.length;
        this.#lastN = Math.max(this.#lastN, settled.firstN);
        this.#options.exchange.pass(message);
        this.#tellParts(message, readings);
        this.#answer(readings.length === 0 || message.qos === 0, answered);
        return;
      case 'refused':
        this.#refused('not_taken', settled.why, message.payload);
        answered(REASON.quotaExceeded);
        return;
      case 'failed':
        answered(null);
        return;
    }
  }

  /** What a profile took out of the message is told on the topics of its sensors as well. (MQ13) */
  #tellParts({ topic, bridged }: Message, readings: readonly Reading[]): void {
    for (const { sensor, value } of readings) {
      if (sensor !== topic && !isRetainedTopic(sensor)) this.#options.exchange.tell(sensor, value, bridged);
    }
  }

  #answer(isNothingAwaited: boolean, answered: Answered): void {
    if (this.#options.ack === 'stored' || isNothingAwaited) {
      answered(REASON.success);
      return;
    }
    // Its own number is at most the last that is stored by this moment. (MQ3)
    this.#uncommitted.push({ n: this.#lastN, answer: () => answered(REASON.success) });
  }

  #committed(upto: number): void {
    let count = 0;
    for (const { n } of this.#uncommitted) {
      if (n > upto) break;
      count++;
    }
    const wasFull = this.isFull;
    for (const { answer } of this.#uncommitted.splice(0, count)) answer();
    if (wasFull && !this.isFull) this.#options.roomAgain();
  }

  /** Numbers begin anew; what was stored under the former name is committed under the new one. */
  #renamed(): void {
    this.#lastN = 0;
    this.#committed(Number.POSITIVE_INFINITY);
  }

  /** An empty retained message takes away what is retained, a sensor's readings as well. [MQTT-3.3.1-6] */
  #forget(message: Message, answered: Answered): void {
    const { hub, retained, exchange } = this.#options;
    const names = retained.namesOf(message.topic);
    if (names.length === 0) {
      exchange.pass(message);
      answered(REASON.success);
      return;
    }
    hub.forget(names).then(
      () => {
        exchange.pass(message);
        answered(REASON.success);
      },
      (cause: unknown) => answered(cause instanceof SubmitRefused ? REASON.quotaExceeded : null),
    );
  }

  #refused(reason: string, why: string, payload: Buffer): void {
    const sample = payload.toString('utf8', 0, LIMITS.refusalPayloadBytesMax);
    this.#options.refusals.add({ input: 'mqtt', reason, why, payload: sample, count: 1 });
  }
}

function withUnit(reading: Reading, discovered: Discovered): Reading {
  if (reading.unit !== undefined) return reading;
  const unit = discovered.of(reading.sensor)?.unit ?? '';
  return unit === '' ? reading : { ...reading, unit };
}
