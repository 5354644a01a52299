// One client's connection, from CONNECT to its end: packets in, packets out, by MQTT 3.1, 3.1.1 or 5 as the client asks.
// What the packets mean to others is the broker's business. SPEC rules MQ1-MQ3, MQ7, MQ8.

import type { Duplex } from 'node:stream';
import { ANONYMOUS, type Caller } from '../../access/caller.ts';
import type { From } from '../../access/gate.ts';
import { LIMITS } from '../../model/limits.ts';
import { parseFilter } from '../../model/topic-filter.ts';
import type { ConnectionHost } from './connection-host.ts';
import { type Denial, denialOf } from './denial.ts';
import { forwarded, type Message } from './message.ts';
import {
  type Acknowledgement,
  type Connect,
  type Level,
  NO_PROPERTIES,
  type Packet,
  type Properties,
  type Publish,
  type Qos,
  REASON,
  type Subscription,
  type Will,
} from './packet.ts';
import { PacketReader } from './packet-reader.ts';
import { encodePacket } from './packet-writer.ts';
import type { PlainSource } from './plain-run.ts';
import type { Line, Session, Subscribed } from './session.ts';
import { TopicAliases } from './topic-aliases.ts';

/** How long what was said last may take to arrive. */
const LINGER_MS = 1_000;

export class Connection implements Line, PlainSource {
  readonly from: From;
  /** Who it is, once that is known. */
  caller: Caller = ANONYMOUS;
  storing = 0;
  clientId = '';
  keepAliveMs = 0;
  readonly openedAtMs: number;
  lastHeardMs: number;
  session: Session | null = null;
  readonly #host: ConnectionHost;
  readonly #stream: Duplex;
  readonly #reader = new PacketReader(LIMITS.mqttPacketBytesMax);
  readonly #aliases = new TopicAliases();
  #level: Level = 4;
  #will: Will | null = null;
  #inflightMax: number = LIMITS.mqttInflightMax;
  #packetBytesMax: number = LIMITS.mqttPacketBytesMax + 1_024;
  /** Publishes at QoS 1 and 2 that are not answered. */
  #unanswered = 0;
  #isOpen = true;
  #isPaused = false;
  #out: Buffer[] = [];
  #outBytes = 0;

  constructor(host: ConnectionHost, stream: Duplex, from: From, nowMs: number) {
    this.#host = host;
    this.#stream = stream;
    this.from = from;
    this.openedAtMs = nowMs;
    this.lastHeardMs = nowMs;
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('error', () => this.#end());
    stream.on('close', () => this.#end());
    stream.on('end', () => this.#end());
    stream.on('drain', () => this.session?.pump(Date.now()));
  }

  get modern(): boolean {
    return this.#level === 5;
  }

  get inflightMax(): number {
    return this.#inflightMax;
  }

  get congested(): boolean {
    return this.#outBytes + this.#stream.writableLength > LIMITS.mqttClientBytesMax;
  }

  publish(packet: Publish): boolean {
    const bytes = encodePacket(packet, this.#level);
    if (bytes.length > this.#packetBytesMax) return false; // [MQTT-3.1.2-25]
    this.#write(bytes);
    return true;
  }

  takenOver(): void {
    this.close(REASON.sessionTakenOver);
  }

  /** Says why, where the level has a way to say so, and ends. */
  close(code: number): void {
    if (this.#level === 5 && this.session !== null) {
      this.#send({ type: 'disconnect', code, properties: NO_PROPERTIES });
    }
    this.#end();
  }

  /** Ends without a will, as a node that stops does. */
  drop(code: number): void {
    this.#will = null;
    this.close(code);
  }

  /** The broker takes more again. */
  resume(): void {
    if (!this.#isPaused || !this.#isOpen) return;
    this.#isPaused = false;
    this.#stream.resume();
  }

  answered(packetIds: readonly number[], code: number | null): void {
    this.#unanswered -= packetIds.length;
    if (code === null) {
      this.#end();
      return;
    }
    for (const packetId of packetIds) this.#acknowledge('puback', packetId, code);
    if (this.#isPaused) this.#speedUp();
  }

  #read(chunk: Buffer): void {
    this.lastHeardMs = Date.now();
    this.#host.counted('in', chunk.length);
    this.#reader.push(chunk);
    while (this.#isOpen) {
      if (this.session !== null && this.#reader.takePlain(this.#host.plain.publish)) {
        this.#plain();
        continue;
      }
      const cut = this.#reader.take();
      if (!cut.ok) {
        this.#fail(cut.problem.code, cut.problem.why);
        return;
      }
      if (cut.value === null) break;
      this.#handle(cut.value);
    }
    this.#slowDown();
  }

  /** A publish that takes the short way: rights and bounds are those of any. */
  #plain(): void {
    const { plain } = this.#host;
    const { sensor, packetId, payloadBytes } = plain.publish;
    const qos = packetId === 0 ? 0 : 1;
    if (!this.#mayBegin(qos)) return;
    const denied = denialOf(this.caller, sensor, payloadBytes);
    if (denied !== null) {
      this.#deny(denied, qos, packetId);
      return;
    }
    this.#unanswered += qos;
    plain.take(this);
  }

  #handle(packet: Packet): void {
    if (packet.type === 'connect') {
      this.#connect(packet);
      return;
    }
    const { session } = this;
    if (session === null) {
      this.#fail(REASON.protocolError, 'the first packet is a CONNECT'); // [MQTT-3.1.0-1]
      return;
    }
    switch (packet.type) {
      case 'publish':
        this.#publish(packet, session);
        return;
      case 'puback':
        session.acknowledged(packet.packetId, this.lastHeardMs);
        return;
      case 'pubrel':
        session.unreleased.delete(packet.packetId);
        this.#acknowledge('pubcomp', packet.packetId, REASON.success);
        return;
      case 'subscribe':
        this.#subscribe(packet.packetId, packet.subscriptions, packet.properties, session);
        return;
      case 'unsubscribe': {
        const codes = packet.filters.map((filter) =>
          this.#host.unsubscribe(session, filter) ? REASON.success : REASON.noSubscriptionExisted,
        );
        this.#send({ type: 'unsuback', packetId: packet.packetId, codes, properties: NO_PROPERTIES });
        return;
      }
      case 'pingreq':
        this.#send({ type: 'pingresp' });
        return;
      case 'disconnect':
        this.#disconnect(packet.code, packet.properties, session);
        return;
      default:
        this.#fail(REASON.protocolError, `a client sends no ${packet.type} here`);
    }
  }

  #connect(packet: Connect): void {
    if (this.session !== null) {
      this.#fail(REASON.protocolError, 'a second CONNECT'); // [MQTT-3.1.0-2]
      return;
    }
    this.#level = packet.level;
    const admitted = this.#host.connected(this, packet);
    if (typeof admitted === 'number') {
      this.#send({ type: 'connack', sessionPresent: false, code: admitted, properties: NO_PROPERTIES });
      this.#end();
      return;
    }
    const { receiveMax = 65_535, packetBytesMax } = packet.properties;
    this.#inflightMax = Math.min(receiveMax, LIMITS.mqttInflightMax);
    if (packetBytesMax !== undefined) this.#packetBytesMax = Math.min(this.#packetBytesMax, packetBytesMax);
    this.#will = packet.will;
    this.keepAliveMs = packet.keepAliveS * 1_000;
    this.clientId = admitted.clientId;
    this.session = admitted.session;
    this.caller = admitted.caller;
    const { sessionPresent, properties } = admitted;
    this.#send({ type: 'connack', sessionPresent, code: REASON.success, properties });
    admitted.session.resume(this, this.lastHeardMs);
  }

  #publish(packet: Publish, session: Session): void {
    const named = this.#aliases.topicOf(packet);
    if (!named.ok) {
      this.#fail(named.problem.code, named.problem.why);
      return;
    }
    const topic = named.value;
    const { qos, packetId } = packet;
    if (!this.#mayBegin(qos)) return;
    if (qos === 2 && session.unreleased.has(packetId)) {
      // Taken already; the answer is on its way, or got lost. [MQTT-4.3.3-10]
      if (session.unreleased.get(packetId) === 'stored')
        this.#acknowledge('pubrec', packetId, REASON.success);
      return;
    }
    const denied = denialOf(this.caller, topic, packet.payload.length);
    if (denied !== null) {
      this.#deny(denied, qos, packetId);
      return;
    }
    if (qos === 2) session.unreleased.set(packetId, 'storing');
    if (qos > 0) this.#unanswered++;
    const { payload, retain, properties } = packet;
    const message: Message = {
      topic,
      payload,
      qos,
      retain,
      properties: forwarded(properties),
      atMs: this.lastHeardMs,
      client: this.clientId,
      bridged: false,
    };
    this.#host.publish(message, this, (code) => this.#published(packet, session, code));
  }

  /** False: the connection had to be ended. */
  #mayBegin(qos: Qos): boolean {
    if (qos === 0 || this.#unanswered < LIMITS.mqttReceiveMax || this.#level !== 5) return true;
    this.#fail(REASON.receiveMaximumExceeded, `at most ${LIMITS.mqttReceiveMax} publishes are under way`);
    return false;
  }

  #deny(denied: Denial, qos: Qos, packetId: number): void {
    this.#host.refused(denied.reason, denied.why, '');
    // 3.1.1 has no word for "come again later" but the end of the connection, after which the message is sent again.
    if (qos > 0 && denied.code === REASON.quotaExceeded && !this.modern) this.#end();
    else if (qos > 0) this.#acknowledge(qos === 1 ? 'puback' : 'pubrec', packetId, denied.code);
  }

  #published({ qos, packetId }: Publish, session: Session, code: number | null): void {
    if (qos === 0) return;
    this.#unanswered--;
    if (code === null) {
      session.unreleased.delete(packetId);
      this.#end();
      return;
    }
    if (qos === 2) {
      if (code >= REASON.unspecified && this.#level === 5) session.unreleased.delete(packetId);
      else session.unreleased.set(packetId, 'stored');
    }
    this.#acknowledge(qos === 1 ? 'puback' : 'pubrec', packetId, code);
    if (this.#isPaused) this.#speedUp();
  }

  #subscribe(
    packetId: number,
    asked: readonly Subscription[],
    properties: Properties,
    session: Session,
  ): void {
    const subscriptionId = properties.subscriptionIds?.[0] ?? null;
    const codes: number[] = [];
    const retained: Subscribed[] = [];
    for (const one of asked) {
      const filter = parseFilter(one.filter);
      const isFull =
        session.subscriptions.size >= LIMITS.mqttSubscriptionsPerSessionMax &&
        !session.subscriptions.has(one.filter);
      if (!filter.ok || isFull) {
        if (!filter.ok) this.#host.refused('bad_filter', filter.problem, '');
        codes.push(filter.ok ? REASON.quotaExceeded : REASON.filterInvalid);
        continue;
      }
      const { pattern, share } = filter.value;
      if (!this.caller.maySubscribe(pattern)) {
        const name = this.caller.device?.name ?? '';
        this.#host.refused('not_permitted', `${name} may not subscribe to ${one.filter}`, '');
        codes.push(REASON.notAuthorized);
        continue;
      }
      const subscribed: Subscribed = { ...one, pattern, share, subscriptionId };
      const isNew = this.#host.subscribe(session, subscribed);
      codes.push(Math.min(one.qos, 1));
      const wanted = share === null && (one.retainHandling === 0 || (one.retainHandling === 1 && isNew));
      if (wanted) retained.push(subscribed);
    }
    this.#host.known(() => {
      if (!this.#isOpen) return;
      this.#send({ type: 'suback', packetId, codes, properties: NO_PROPERTIES });
      for (const subscribed of retained) this.#host.retained(session, subscribed);
    });
  }

  #disconnect(code: number, { sessionExpiryS }: Properties, session: Session): void {
    if (sessionExpiryS !== undefined && (session.expiryMs > 0 || sessionExpiryS === 0)) {
      session.expiryMs = Math.min(sessionExpiryS * 1_000, Math.max(session.expiryMs, 0));
    }
    if (code !== REASON.disconnectWithWill) this.#will = null; // [MQTT-3.1.2-10]
    this.#end();
  }

  #acknowledge(type: Acknowledgement, packetId: number, code: number): void {
    this.#send({ type, packetId, code, properties: NO_PROPERTIES });
  }

  /** Who publishes faster than it can be stored is not read for a while. */
  #slowDown(): void {
    const isTooMuch = this.#host.isFull || this.#unanswered >= LIMITS.mqttReceiveMax;
    if (!isTooMuch || this.#isPaused) return;
    this.#isPaused = true;
    this.#stream.pause();
  }

  #speedUp(): void {
    if (!this.#host.isFull && this.#unanswered < LIMITS.mqttReceiveMax / 2) this.resume();
  }

  #fail(code: number, why: string): void {
    this.#host.refused('protocol', why, '');
    if (this.session === null && code === REASON.unsupportedVersion) {
      this.#send({ type: 'connack', sessionPresent: false, code, properties: NO_PROPERTIES });
    }
    this.close(code);
  }

  #send(packet: Packet): void {
    this.#write(encodePacket(packet, this.#level));
  }

  /** What is written in one turn leaves together. */
  #write(bytes: Buffer): void {
    if (!this.#isOpen) return;
    if (this.#out.length === 0) queueMicrotask(() => this.#flush());
    this.#out.push(bytes);
    this.#outBytes += bytes.length;
  }

  #flush(): void {
    const [first] = this.#out;
    if (first === undefined) return;
    const bytes = this.#out.length === 1 ? first : Buffer.concat(this.#out, this.#outBytes);
    this.#out = [];
    this.#outBytes = 0;
    this.#host.counted('out', bytes.length);
    if (this.#stream.writable) this.#stream.write(bytes);
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.#flush();
    this.#isOpen = false;
    const stream = this.#stream;
    const giveUp = setTimeout(() => stream.destroy(), LINGER_MS);
    stream.once('close', () => clearTimeout(giveUp));
    stream.end(() => stream.destroy());
    this.#host.closed(this, this.#will);
  }
}
