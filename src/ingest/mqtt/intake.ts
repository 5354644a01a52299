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
import { CommitAnswers } from './commit-answers.ts';
import type { Exchange } from './exchange.ts';
import type { Message } from './message.ts';
import { REASON } from './packet.ts';
import { PlainIntake } from './plain-intake.ts';
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
  /** For publishes that take the short way. */
  readonly plain: PlainIntake;
  readonly #submissions: Submissions;
  readonly #commits: CommitAnswers;
  #readings = 0;
  #messages = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
    const { hub, exchange } = options;
    const stored = (firstN: number, count: number) => exchange.published(firstN, count);
    this.#submissions = new Submissions(hub, stored, options.roomAgain);
    this.#commits = new CommitAnswers(hub, options.roomAgain);
    this.plain = new PlainIntake({ ...options, submissions: this.#submissions, commits: this.#commits });
  }

  get isFull(): boolean {
    return this.#submissions.isFull || this.#commits.isFull;
  }

  counters(): { readonly [name: string]: number } {
    return {
      mqtt_messages_received_total: this.#messages + this.plain.messages,
      mqtt_readings_accepted_total: this.#readings + this.plain.readings,
    };
  }

  stop(): void {
    this.#commits.stop();
    this.#submissions.stop();
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
    const bytes = message.payload.length + message.topic.length;
    const settled = (outcome: Settled) => {
      source.storing--;
      this.#settled(message, readings, outcome, answered);
    };
    this.#submissions.add({ readings, bytes, settled, halves: () => null });
  }

  /** Null: it was to be retained and can't be. */
  #toStore(message: Message): readonly Reading[] | null {
    const { topic, payload, qos, retain, atMs } = message;
    const { profiles, inbox, retained } = this.#options;
    const understood = profiles.read(topic, payload);
    const readings = understood.kind === 'readings' ? this.#checked(message, understood.readings) : NOTHING;
    if (understood.kind === 'unknown') inbox.add('mqtt', topic, understood.why, payload, atMs);
    const sensor = readings.find((reading) => reading.sensor === topic)?.sensor;
    const goesShort = qos < 2 && !retain && sensor !== undefined && profiles.readsNumbers(topic);
    if (goesShort) this.plain.publish.topics.learn(sensor);
    if (!retain || sensor !== undefined) return readings;

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
      else readings.push(discovered.withUnit(checked.value));
    }
    if (why !== null && readings.length === 0) inbox.add('mqtt', topic, why, payload, atMs);
    return readings;
  }

  #settled(message: Message, readings: readonly Reading[], settled: Settled, answered: Answered): void {
    switch (settled.kind) {
      case 'stored':
        this.#readings += readings.length;
        this.#commits.stored(settled.firstN);
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
    this.#commits.add(1, () => answered(REASON.success));
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
