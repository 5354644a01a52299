// The exchange: where messages meet who wants them. What came in at this node (by MQTT, or as a reading by any other
// input) goes to the clients here and to every node where somebody wants it; what other nodes pass on goes to the clients
// here. SPEC rules MQ4, MQ9-MQ11.
//
// Who took a reading in tells of it, and nobody else: what gossip brings is for those who subscribe later. So each
// message arrives once, though readings also travel as state.

import type { Hub, TimedFact } from '../../hub/hub.ts';
import type { SensorId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { ReadingRecord, Value } from '../../model/reading.ts';
import type { RelayMessage } from '../../model/relay-message.ts';
import { isHidden, isReservedName } from '../../model/reserved-name.ts';
import { isRetainedTopic } from '../../model/retained-topic.ts';
import { decodeBody, encodeBody, type Message } from './message.ts';
import type { Discovered } from './profiles/discovered.ts';
import { alertMessage, LAST, messageOf, type RetainedTopics, textOf } from './retained.ts';
import { Sessions } from './sessions.ts';

/** Readings of one turn of the event loop; beyond it the oldest are not told. */
const FRESH_MAX = 50_000;

const NOBODY: readonly string[] = [];

export class Exchange {
  readonly sessions: Sessions;
  readonly #hub: Hub;
  readonly #retained: RetainedTopics;
  readonly #discovered: Discovered;
  readonly #unfollow: () => void;
  /** Whether anybody here wants a topic, of topics that were asked about since somebody subscribed or left. */
  readonly #wantedTopics = new Map<string, boolean>();
  /** How often each filter is wanted here. */
  readonly #wanted = new Map<string, number>();
  /** Who waits until other nodes know what is wanted here. */
  #fresh: ReadingRecord[] = [];
  /** Submits of this turn, by their first number, and which of them were publishes, told already. */
  #submits: { readonly firstN: number; readonly lastN: number }[] = [];
  readonly #told = new Map<number, number>();
  #passing: RelayMessage[] = [];
  #scheduled = false;
  #interestDue = false;
  #lastSubscribed = false;
  /** Sensors that Home Assistant has been told of; null where it is not to be told. */
  readonly #described: Set<SensorId> | null;

  constructor(hub: Hub, retained: RetainedTopics, discovered: Discovered, homeAssistant: boolean) {
    this.#hub = hub;
    this.#retained = retained;
    this.#discovered = discovered;
    this.sessions = new Sessions({ interest: (filter, change) => this.#interest(filter, change) });
    this.#unfollow = hub.follow(({ fact }) => this.#hear(fact));
    for (const { record } of hub.retained()) this.#learn(record);
    this.#described = homeAssistant ? new Set() : null;
    for (const { record } of homeAssistant ? hub.latest() : []) this.#described?.add(record.sensor);
  }

  stop(): void {
    this.#unfollow();
  }

  /** A message that came in here: to clients here, and to all nodes where somebody wants it. */
  pass(message: Message): void {
    const { topic } = message;
    const nowMs = Date.now();
    this.#discovered.learn(topic, message.payload);
    const { sessions } = this;
    const isWantedHere = this.#isWantedHere(topic);
    const shares = isWantedHere ? sessions.sharesOf(topic) : NOBODY;
    if (isWantedHere) sessions.route(message, shares, nowMs);
    if (!this.#hub.messages.wantedElsewhere(topic)) return;
    this.#passing.push({
      topic,
      body: encodeBody(message, nowMs),
      shares: shares.slice(0, LIMITS.relaySharesMax),
    });
    this.#schedule();
  }

  isWanted(topic: string): boolean {
    return this.#isWantedHere(topic) || this.#hub.messages.wantedElsewhere(topic);
  }

  /** A reading on its sensor's topic. */
  tell(sensor: SensorId, value: Value, bridged: boolean): void {
    if (!this.isWanted(sensor)) return;
    const message = messageOf(sensor, Buffer.from(textOf(value)), Date.now());
    this.pass({ ...message, retain: false, bridged });
  }

  /** `count` readings that a publish brought, stored from `firstN` on: the publish itself is told. */
  published(firstN: number, count: number): void {
    this.#told.set(firstN, firstN + count - 1);
    this.#schedule();
  }

  #hear(fact: TimedFact['fact']): void {
    switch (fact.type) {
      case 'registers-changed':
        if (fact.source === 'local_sensor') this.#freshReadings(fact.records.filter(isReading));
        for (const record of fact.records) {
          if (record.kind !== 'reading' || isReservedName(record.sensor)) continue;
          if (isRetainedTopic(record.sensor)) this.#learn(record);
          else {
            if (this.#lastSubscribed) this.#tellLast(record);
            if (this.#described !== null) this.#describe(record.sensor, this.#described);
          }
        }
        return;
      case 'alert': {
        const message = alertMessage(fact.alert, Date.now());
        if (!this.sessions.wants(message.topic)) return;
        this.sessions.route({ ...message, retain: false }, this.sessions.sharesOf(message.topic), Date.now());
        return;
      }
      case 'submit-stored':
        this.#submits.push({ firstN: fact.firstN, lastN: fact.lastN });
        return;
      case 'messages-received':
        for (const { topic, body, shares } of fact.messages) this.#received(topic, body, shares);
        return;
      default:
        return;
    }
  }

  #received(topic: string, body: Uint8Array, shares: readonly string[]): void {
    const nowMs = Date.now();
    const message = decodeBody(topic, body, nowMs);
    if (message === null) return;
    this.#discovered.learn(topic, message.payload);
    this.sessions.route(message, shares, nowMs);
  }

  #freshReadings(records: readonly ReadingRecord[]): void {
    for (const record of records) {
      if (!isHidden(record.sensor) && this.#fresh.length < FRESH_MAX) this.#fresh.push(record);
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // By then whoever submitted knows its numbers.
    setImmediate(() => {
      this.#scheduled = false;
      this.#tellReadings();
      const passing = this.#passing;
      this.#passing = [];
      if (passing.length > 0) this.#hub.messages.pass(passing);
      if (this.#interestDue) this.#tellInterest();
    });
  }

  /** Readings that came by other inputs than MQTT. */
  #tellReadings(): void {
    const lastOf = new Map(this.#submits.map(({ firstN, lastN }) => [firstN, lastN]));
    const told = [...this.#told].map(([firstN, lastN]) => [firstN, lastOf.get(firstN) ?? lastN] as const);
    const fresh = this.#fresh;
    this.#fresh = [];
    this.#submits = [];
    this.#told.clear();
    let at = 0;
    told.sort(([a], [b]) => a - b);
    for (const record of fresh) {
      while (at < told.length && record.n > (told[at]?.[1] ?? 0)) at++;
      const run = told[at];
      if (run !== undefined && record.n >= run[0] && record.n <= run[1]) continue;
      this.tell(record.sensor, record.value, false);
    }
  }

  #tellLast({ sensor }: ReadingRecord): void {
    if (!this.sessions.wants(LAST + sensor)) return;
    const latest = this.#hub.latestOf(sensor);
    if (latest === null) return;
    const nowMs = Date.now();
    const message = { ...this.#retained.last(latest, nowMs), retain: false };
    this.sessions.route(message, this.sessions.sharesOf(message.topic), nowMs);
  }

  /** A sensor is described when it is seen for the first time; who subscribes later gets it as retained. (MQ18) */
  #describe(sensor: SensorId, described: Set<SensorId>): void {
    if (described.has(sensor) || described.size >= LIMITS.discoveredMax) return;
    described.add(sensor);
    const latest = this.#hub.latestOf(sensor);
    if (latest === null) return;
    const nowMs = Date.now();
    for (const message of this.#retained.descriptions(latest, nowMs)) {
      this.sessions.route({ ...message, retain: false }, this.sessions.sharesOf(message.topic), nowMs);
    }
  }

  #learn(record: ReadingRecord): void {
    if (!record.sensor.startsWith('$retained/homeassistant/')) return;
    for (const { message } of this.#retained.matching(record.sensor.slice('$retained/'.length), Date.now())) {
      this.#discovered.learn(message.topic, message.payload);
    }
  }

  /** Most topics come again and again, and what is subscribed to changes seldom. */
  #isWantedHere(topic: string): boolean {
    if (this.sessions.subscriptions === 0) return false;
    const known = this.#wantedTopics.get(topic);
    if (known !== undefined) return known;
    const isWanted = this.sessions.wants(topic);
    if (this.#wantedTopics.size >= LIMITS.mqttPlainTopicsKept) this.#wantedTopics.clear();
    this.#wantedTopics.set(topic, isWanted);
    return isWanted;
  }

  #interest(filter: string, change: 1 | -1): void {
    this.#wantedTopics.clear();
    const count = (this.#wanted.get(filter) ?? 0) + change;
    if (count > 0) this.#wanted.set(filter, count);
    else this.#wanted.delete(filter);
    const isNews = count === 0 || (count === 1 && change === 1);
    if (!isNews) return;
    this.#lastSubscribed = [...this.#wanted.keys()].some((wanted) => wanted.includes('$sensorium/'));
    if (isOwn(filter)) return;
    this.#interestDue = true;
    this.#schedule();
  }

  /** At once, for whoever waits for others to know. */
  tellInterestNow(): void {
    if (this.#interestDue) this.#tellInterest();
  }

  #tellInterest(): void {
    this.#interestDue = false;
    const filters = [...this.#wanted.keys()].filter((filter) => !isOwn(filter));
    const shared = filters.filter((filter) => filter.startsWith('$share/'));
    const plain = filters.filter((filter) => !filter.startsWith('$share/'));
    const isTooMany = filters.length > LIMITS.interestFiltersMax;
    this.#hub.messages.want(
      isTooMany ? ['#', ...shared.slice(0, LIMITS.interestFiltersMax - 1)] : [...plain, ...shared],
    );
  }
}

/** Topics that every node answers from what it has. */
function isOwn(filter: string): boolean {
  return filter.startsWith('$') && !filter.startsWith('$share/');
}

function isReading(record: { readonly kind: string }): record is ReadingRecord {
  return record.kind === 'reading';
}
