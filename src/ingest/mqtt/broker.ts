// The broker of one node: sessions, what is retained, and what becomes of a publish, for whichever listener a client came
// by. Together the brokers of all nodes are one: messages and retained values are the same at each. SPEC rules MQ3-MQ12.

import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Caller } from '../../access/caller.ts';
import { credentialsOfMqtt } from '../../access/credentials.ts';
import type { From, Gate } from '../../access/gate.ts';
import type { TokenId } from '../../access/token.ts';
import type { ProfileRule } from '../../config/mqtt-options.ts';
import type { Durability, Hub } from '../../hub/hub.ts';
import type { Log } from '../../kit/log.ts';
import { LIMITS } from '../../model/limits.ts';
import { matchesTopic, topicProblem } from '../../model/topic-filter.ts';
import type { Inbox } from '../inbox.ts';
import type { Refusals } from '../refusals.ts';
import { Connection } from './connection.ts';
import type { Admitted, ConnectionHost } from './connection-host.ts';
import { Exchange } from './exchange.ts';
import { Intake, type Source } from './intake.ts';
import { BRIDGE_MARK, forwarded, type Message } from './message.ts';
import { type Connect, NO_PROPERTIES, type Properties, REASON, type Will } from './packet.ts';
import type { PlainIntake } from './plain-intake.ts';
import { Discovered } from './profiles/discovered.ts';
import { Profiles } from './profiles/profiles.ts';
import { messageOf, type Retained, RetainedTopics } from './retained.ts';
import type { Delivery, Session, Subscribed } from './session.ts';
import { type BrokerCounts, sysTopics } from './sys-topics.ts';
import { Wills } from './wills.ts';

export interface BrokerOptions {
  /** What a PUBACK waits for. */
  readonly ack: Durability;
  readonly profiles: readonly ProfileRule[];
  /** Describes every sensor to Home Assistant. */
  readonly homeAssistant: boolean;
  readonly version: string;
  readonly refusals: Refusals;
  readonly inbox: Inbox;
  readonly gate: Gate;
}

const SWEEP_MS = 1_000;
const SYS_EVERY_MS = 10_000;
/** A session without a word about its expiry (3.1.1) outlives its client for a day; none does for longer. */
const EXPIRY_MAX_S = 86_400;
const KNOWN_POLL_MS = 2;
/** A node that does not answer must not keep subscribers waiting. */
const KNOWN_WITHIN_MS = 250;

export class Broker implements ConnectionHost {
  readonly exchange: Exchange;
  readonly retainedTopics: RetainedTopics;
  readonly #hub: Hub;
  readonly #log: Log;
  readonly #options: BrokerOptions;
  readonly #intake: Intake;
  readonly #connections = new Set<Connection>();
  readonly #wills = new Wills();
  readonly #counts: BrokerCounts = {
    bytesReceived: 0,
    bytesSent: 0,
    publishesReceived: 0,
    connectionsMost: 0,
  };
  readonly #sweep: NodeJS.Timeout;
  readonly #unrevoke: () => void;
  #waiting: { readonly untilMs: number; readonly then: () => void }[] = [];
  #polls = false;
  #sysDueMs = 0;
  #stopping = false;

  constructor(hub: Hub, log: Log, options: BrokerOptions) {
    this.#hub = hub;
    this.#log = log;
    this.#options = options;
    const discovered = new Discovered();
    this.retainedTopics = new RetainedTopics(hub, discovered, options.homeAssistant);
    this.exchange = new Exchange(hub, this.retainedTopics, discovered, options.homeAssistant);
    this.#intake = new Intake({
      hub,
      exchange: this.exchange,
      retained: this.retainedTopics,
      profiles: new Profiles(options.profiles),
      discovered,
      refusals: options.refusals,
      inbox: options.inbox,
      ack: options.ack,
      roomAgain: () => {
        for (const connection of this.#connections) connection.resume();
      },
    });
    this.#sweep = setInterval(() => this.#lookAround(), SWEEP_MS);
    this.#sweep.unref();
    this.#unrevoke = options.gate.devices.onRevoked((id) => this.#revoked(id));
  }

  get isFull(): boolean {
    return this.#intake.isFull;
  }

  counters(): { readonly [name: string]: number } {
    const { sent, dropped } = this.exchange.sessions.counts;
    return {
      ...this.#intake.counters(),
      mqtt_messages_sent_total: sent,
      mqtt_messages_dropped_total: dropped,
      mqtt_bytes_received_total: this.#counts.bytesReceived,
      mqtt_bytes_sent_total: this.#counts.bytesSent,
    };
  }

  /** A client on whatever carries bytes. */
  accept(stream: Duplex, from: From): void {
    if (this.#stopping || this.#connections.size >= LIMITS.mqttConnectionsMax) {
      this.refused('too_many_connections', `there are ${LIMITS.mqttConnectionsMax} connections`, '');
      stream.destroy();
      return;
    }
    this.#connections.add(new Connection(this, stream, from, Date.now()));
    this.#counts.connectionsMost = Math.max(this.#counts.connectionsMost, this.#connections.size);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#sweep);
    this.#unrevoke();
    for (const connection of [...this.#connections]) connection.drop(REASON.serverShuttingDown);
    this.#intake.stop();
    this.exchange.stop();
  }

  connected(connection: Connection, connect: Connect): Admitted | number {
    const problem = connectProblem(connect);
    if (problem !== null) {
      this.refused('not_admitted', `a client from ${remoteOf(connection)} was not admitted (${problem})`, '');
      return problem;
    }
    const caller = this.#callerOf(connect, connection);
    if (typeof caller === 'number') return caller;
    const { sessions } = this.exchange;
    const clientId = connect.clientId === '' ? `auto-${randomBytes(12).toString('hex')}` : connect.clientId;
    const former = sessions.find(clientId);
    const owner = former?.owner ?? null;
    if (owner !== null && owner.name !== caller.device?.name) {
      this.refused('foreign_session', `the client id belongs to the device ${owner.name}`, '');
      return REASON.clientIdNotValid;
    }
    former?.line?.takenOver();
    // A session that began without a token, or with an earlier one, had other rights.
    const isOwn = owner?.id === caller.device?.id;
    const isResumed = former !== null && isOwn && !connect.clean && sessions.find(clientId) === former;
    if (isResumed) this.#wills.cancel(clientId);
    else {
      this.#wills.tellNow(clientId);
      if (former !== null) sessions.end(former);
    }
    const session = isResumed ? former : sessions.open(clientId, isBridge(connect));
    const expiryS = expiryOf(connect);
    session.expiryMs = expiryS * 1_000;
    session.owner = caller.device;
    this.#log.debug('MQTT client connected', { client: clientId, from: remoteOf(connection) });
    const properties = connack(connect, clientId, expiryS);
    return { session, sessionPresent: isResumed, clientId, caller, properties };
  }

  publish(message: Message, source: Source, answered: (code: number | null) => void): void {
    this.#counts.publishesReceived++;
    this.#intake.take(message, source, answered);
  }

  get plain(): PlainIntake {
    return this.#intake.plain;
  }

  subscribe(session: Session, subscribed: Subscribed): boolean {
    return this.exchange.sessions.subscribe(session, subscribed);
  }

  unsubscribe(session: Session, filter: string): boolean {
    return this.exchange.sessions.unsubscribe(session, filter);
  }

  known(then: () => void): void {
    this.exchange.tellInterestNow();
    if (this.#hub.messages.isKnown()) {
      then();
      return;
    }
    this.#waiting.push({ untilMs: Date.now() + KNOWN_WITHIN_MS, then });
    this.#poll();
  }

  retained(session: Session, subscribed: Subscribed): void {
    session.feed(this.#deliveries(session, subscribed), Date.now());
  }

  closed(connection: Connection, will: Will | null): void {
    this.#connections.delete(connection);
    const { session, clientId } = connection;
    if (session === null || session.line !== connection) {
      if (will !== null && session !== null) this.#tell(will, clientId);
      return;
    }
    const nowMs = Date.now();
    session.leave(nowMs);
    if (will !== null) {
      const delayMs = Math.min((will.properties.willDelayS ?? 0) * 1_000, session.expiryMs);
      if (delayMs === 0) this.#tell(will, clientId);
      else this.#wills.wait(clientId, nowMs + delayMs, () => this.#tell(will, clientId));
    }
    if (session.expiryMs === 0) this.exchange.sessions.end(session);
    this.#log.debug('MQTT client gone', { client: clientId });
  }

  refused(reason: string, why: string, payload: string): void {
    this.#options.refusals.add({ input: 'mqtt', reason, why, payload, count: 1 });
  }

  counted(direction: 'in' | 'out', bytes: number): void {
    if (direction === 'in') this.#counts.bytesReceived += bytes;
    else this.#counts.bytesSent += bytes;
  }

  /** By its token, or as nobody in particular; the will is looked at here, as nobody answers for it later. (AC3, AC4) */
  #callerOf({ username, password, will }: Connect, connection: Connection): Caller | number {
    const shown = credentialsOfMqtt(username, password);
    const entered = this.#options.gate.enter('mqtt', shown, connection.from);
    if (!entered.ok) {
      const why = `a client from ${remoteOf(connection)}: ${entered.problem.detail}`;
      this.refused(entered.problem.code, why, '');
      return entered.problem.code === 'unauthorized' ? REASON.badCredentials : REASON.notAuthorized;
    }
    const caller = entered.value;
    // A Mosquitto's bridge leaves a will on `$SYS`, which is told to nobody.
    if (will === null || will.topic.startsWith('$') || caller.mayPublish(will.topic)) return caller;
    this.refused('not_permitted', `${caller.device?.name ?? ''} may not leave a will on ${will.topic}`, '');
    return REASON.notAuthorized;
  }

  /** Its connections end, and with them all that waits for it. (AC7) */
  #revoked(id: TokenId): void {
    for (const connection of [...this.#connections]) {
      if (connection.caller.device?.id === id) connection.drop(REASON.notAuthorized);
    }
    const { sessions } = this.exchange;
    for (const session of sessions.ownedBy(id)) {
      this.#wills.cancel(session.clientId);
      sessions.end(session);
    }
  }

  #tell(will: Will, client: string): void {
    const { topic, payload, qos, retain, properties } = will;
    // A Mosquitto's bridge leaves a will on `$SYS`, which is the node's own.
    if (this.#stopping || topic.startsWith('$')) return;
    const atMs = Date.now();
    const message = { topic, payload, qos, retain, properties: forwarded(properties), atMs, client: null };
    this.publish({ ...message, bridged: false }, { storing: 0 }, (code) => {
      if (code !== REASON.success) this.refused('will', `the will of ${client} was not taken`, '');
    });
  }

  *#deliveries(session: Session, { filter, pattern, qos, subscriptionId }: Subscribed): Iterator<Delivery> {
    const subscriptionIds = subscriptionId === null ? [] : [subscriptionId];
    for (const { message, extra } of this.#allRetained(pattern)) {
      if (!session.subscriptions.has(filter)) return;
      const granted = Math.min(qos, message.qos, 1) as 0 | 1;
      yield { message, qos: granted, retain: true, subscriptionIds, extra };
    }
  }

  *#allRetained(pattern: string): Iterable<Retained> {
    const nowMs = Date.now();
    yield* this.retainedTopics.matching(pattern, nowMs);
    if (!pattern.startsWith('$SYS/')) return;
    for (const [topic, value] of this.#sys()) {
      if (matchesTopic(pattern, topic)) {
        yield { message: messageOf(topic, Buffer.from(value), nowMs), extra: [] };
      }
    }
  }

  /** Those who wait for others to know are few and wait for milliseconds: one timer asks for all of them. */
  #poll(): void {
    if (this.#polls) return;
    this.#polls = true;
    setTimeout(() => {
      this.#polls = false;
      const nowMs = Date.now();
      const isKnown = this.#hub.messages.isKnown();
      const waiting = this.#waiting;
      this.#waiting = isKnown ? [] : waiting.filter(({ untilMs }) => untilMs > nowMs);
      for (const one of waiting) if (isKnown || one.untilMs <= nowMs) one.then();
      if (this.#waiting.length > 0) this.#poll();
    }, KNOWN_POLL_MS);
  }

  #lookAround(): void {
    const nowMs = Date.now();
    for (const connection of [...this.#connections]) {
      const { keepAliveMs, lastHeardMs, openedAtMs, session } = connection;
      const silentMs = nowMs - lastHeardMs;
      // One and a half times what was agreed. [MQTT-3.1.2-22]
      const isSilent = keepAliveMs > 0 && silentMs > keepAliveMs * 1.5;
      // Also one that says its CONNECT a byte now and then.
      const isLate = session === null && nowMs - openedAtMs > CONNECT_MS;
      if (isLate) this.refused('no_connect', `no CONNECT within ${CONNECT_MS / 1_000} s`, '');
      if (isSilent || isLate) connection.close(REASON.keepAliveTimeout);
    }
    this.#wills.tellDue(nowMs);
    this.exchange.sessions.expire(nowMs);
    if (nowMs < this.#sysDueMs) return;
    this.#sysDueMs = nowMs + SYS_EVERY_MS;
    const { sessions } = this.exchange;
    for (const [topic, value] of this.#sys()) {
      if (!sessions.wants(topic)) continue;
      const message = { ...messageOf(topic, Buffer.from(value), nowMs), retain: false };
      sessions.route(message, sessions.sharesOf(topic), nowMs);
    }
  }

  #sys(): ReturnType<typeof sysTopics> {
    const { sessions } = this.exchange;
    return sysTopics({
      version: this.#options.version,
      connected: sessions.connected,
      sessions: sessions.size,
      subscriptions: sessions.subscriptions,
      retained: this.#hub.replication().sensors,
      sent: sessions.counts.sent,
      dropped: sessions.counts.dropped,
      counts: {
        ...this.#counts,
        publishesReceived: this.#counts.publishesReceived + this.plain.messages,
      },
    });
  }
}

function remoteOf({ from: { address = 'somewhere', port = 0 } }: Connection): string {
  return `${address}:${port}`;
}

/** How long a connection may wait before it says CONNECT. */
const CONNECT_MS = 10_000;

function connectProblem({ level, clientId, clean, will, properties }: Connect): number | null {
  // 3.1 has no empty names; 3.1.1 only for sessions that end with the connection. [MQTT-3.1.3-8]
  if (clientId === '' && (level === 3 || (level === 4 && !clean))) return REASON.clientIdNotValid;
  if (properties.authMethod !== undefined) return REASON.badAuthMethod;
  return will !== null && topicProblem(will.topic) !== null ? REASON.topicInvalid : null;
}

function isBridge({ bridge, properties }: Connect): boolean {
  return bridge || (properties.user?.some(([name]) => name === BRIDGE_MARK) ?? false);
}

function expiryOf({ level, clean, properties }: Connect): number {
  if (level === 5) return Math.min(properties.sessionExpiryS ?? 0, EXPIRY_MAX_S);
  return clean ? 0 : EXPIRY_MAX_S;
}

function connack(connect: Connect, clientId: string, expiryS: number): Properties {
  if (connect.level !== 5) return NO_PROPERTIES;
  const asked = connect.properties.sessionExpiryS ?? 0;
  return {
    receiveMax: LIMITS.mqttReceiveMax,
    topicAliasMax: LIMITS.mqttTopicAliasMax,
    packetBytesMax: LIMITS.mqttPacketBytesMax,
    ...(connect.clientId === '' && { assignedClientId: clientId }),
    ...(asked !== expiryS && { sessionExpiryS: expiryS }),
  };
}
