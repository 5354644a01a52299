// A client's session: what it subscribed to, and what is on its way to it or waits for it. It may outlive its
// connection (MQTT 5, 4.1). Sessions are this node's own and in its memory: at another node a client begins a session of
// its own, with the same retained values. SPEC rules MQ7, MQ8.

import type { Device } from '../../access/device.ts';
import { LIMITS } from '../../model/limits.ts';
import { isExpired, type Message, remainingS } from './message.ts';
import type { Properties, Publish, Subscription } from './packet.ts';

/** Where a session sends to while its client is connected. */
export interface Line {
  /** MQTT 5, so that properties are worth making. */
  readonly modern: boolean;
  /** How many messages at QoS 1 may be on their way. */
  readonly inflightMax: number;
  /** The client reads too slowly for more at QoS 0. */
  readonly congested: boolean;
  /** False: the client takes no packet of that size. */
  publish(packet: Publish): boolean;
  /** Another connection has taken the session. */
  takenOver(): void;
}

export interface Subscribed extends Subscription {
  readonly pattern: string;
  readonly share: string | null;
  readonly subscriptionId: number | null;
}

/** A message as one client is to get it. */
export interface Delivery {
  readonly message: Message;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly subscriptionIds: readonly number[];
  /** What this node adds: when and where the reading was taken. */
  readonly extra?: readonly (readonly [string, string])[];
}

export interface SessionCounts {
  sent: number;
  dropped: number;
  /** What waits for all clients. */
  queuedBytes: number;
}

const OVERHEAD_BYTES = 256;

export class Session {
  readonly clientId: string;
  readonly subscriptions = new Map<string, Subscribed>();
  /** Ids of publishes at QoS 2 that were taken and not released, and whether they are stored. */
  readonly unreleased = new Map<number, 'storing' | 'stored'>();
  /** How long it outlives its connection. */
  expiryMs = 0;
  /** When its client went; null while it is connected. */
  leftAtMs: number | null = null;
  /** The device whose it is; null for nobody in particular. (AC7) */
  owner: Device | null = null;
  line: Line | null = null;
  readonly bridge: boolean;
  readonly #counts: SessionCounts;
  readonly #inflight = new Map<number, Delivery>();
  #queue: Delivery[] = [];
  #queueFrom = 0;
  #queueBytes = 0;
  /** Retained messages of new subscriptions, drawn as fast as the client takes them. */
  #feeds: Iterator<Delivery>[] = [];
  #lastId = 0;

  constructor(clientId: string, bridge: boolean, counts: SessionCounts) {
    this.clientId = clientId;
    this.bridge = bridge;
    this.#counts = counts;
  }

  get waiting(): number {
    return this.#queue.length - this.#queueFrom;
  }

  /** Sends it, or keeps it for when that can be done. */
  deliver(delivery: Delivery, nowMs: number): void {
    const { line } = this;
    if (delivery.qos === 0) {
      if (line === null) return;
      if (line.congested) this.#counts.dropped++;
      else this.#send(line, delivery, 0, false, nowMs);
      return;
    }
    if (line === null && this.expiryMs === 0) return;
    if (line === null || line.congested || this.#inflight.size >= line.inflightMax || this.waiting > 0) {
      this.#enqueue(delivery);
    } else this.#begin(line, delivery, nowMs);
  }

  /** Sends them one after the other, as fast as the client takes them. */
  feed(deliveries: Iterator<Delivery>, nowMs: number): void {
    this.#feeds.push(deliveries);
    this.pump(nowMs);
  }

  /** The client has it. False: nothing was on its way under that id. */
  acknowledged(packetId: number, nowMs: number): boolean {
    if (!this.#inflight.delete(packetId)) return false;
    this.pump(nowMs);
    return true;
  }

  /** What was on its way when the client went comes first, as a repetition. [MQTT-4.4.0-1] */
  resume(line: Line, nowMs: number): void {
    this.line = line;
    this.leftAtMs = null;
    const again = [...this.#inflight];
    for (const [packetId, delivery] of again) this.#send(line, delivery, packetId, true, nowMs);
    this.pump(nowMs);
  }

  /** Sends what waits, as far as the client takes it. */
  pump(nowMs: number): void {
    const { line } = this;
    if (line === null) return;
    while (this.waiting > 0 && !line.congested && this.#inflight.size < line.inflightMax) {
      const next = this.#dequeue();
      if (next !== undefined && !isExpired(next.message, nowMs)) this.#begin(line, next, nowMs);
    }
    while (this.#feeds.length > 0 && !line.congested && this.#inflight.size < line.inflightMax) {
      const drawn = this.#feeds[0]?.next();
      if (drawn === undefined || drawn.done === true) this.#feeds.shift();
      else if (drawn.value.qos === 0) this.#send(line, drawn.value, 0, false, nowMs);
      else this.#begin(line, drawn.value, nowMs);
    }
  }

  /** Nothing of it is needed any more. */
  end(): void {
    while (this.waiting > 0) this.#dequeue();
  }

  /** Its client has gone. */
  leave(nowMs: number): void {
    this.line = null;
    this.leftAtMs = nowMs;
    this.#feeds = [];
  }

  #begin(line: Line, delivery: Delivery, nowMs: number): void {
    const packetId = this.#freeId();
    this.#inflight.set(packetId, delivery);
    if (!this.#send(line, delivery, packetId, false, nowMs)) this.#inflight.delete(packetId);
  }

  #send(line: Line, delivery: Delivery, packetId: number, dup: boolean, nowMs: number): boolean {
    const { message, qos, retain } = delivery;
    const properties = line.modern ? propertiesFor(delivery, nowMs) : message.properties;
    const { topic, payload } = message;
    const fits = line.publish({ type: 'publish', topic, payload, qos, retain, dup, packetId, properties });
    if (fits) this.#counts.sent++;
    else this.#counts.dropped++;
    return fits;
  }

  #enqueue(delivery: Delivery): void {
    this.#queue.push(delivery);
    this.#weigh(weightOf(delivery));
    while (this.waiting > 0 && this.#isOverfull) {
      this.#dequeue();
      this.#counts.dropped++;
    }
  }

  get #isOverfull(): boolean {
    const { mqttQueuedMessagesMax, mqttQueuedBytesMax, mqttQueuedBytesTotalMax } = LIMITS;
    return (
      this.waiting > mqttQueuedMessagesMax ||
      this.#queueBytes > mqttQueuedBytesMax ||
      this.#counts.queuedBytes > mqttQueuedBytesTotalMax
    );
  }

  #weigh(bytes: number): void {
    this.#queueBytes += bytes;
    this.#counts.queuedBytes += bytes;
  }

  #dequeue(): Delivery | undefined {
    const next = this.#queue[this.#queueFrom++];
    if (next !== undefined) this.#weigh(-weightOf(next));
    if (this.#queueFrom > 64 && this.#queueFrom * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#queueFrom);
      this.#queueFrom = 0;
    }
    return next;
  }

  #freeId(): number {
    do this.#lastId = (this.#lastId % 65_535) + 1;
    while (this.#inflight.has(this.#lastId));
    return this.#lastId;
  }
}

/** What a message takes while it waits, roughly. */
function weightOf({ message }: Delivery): number {
  return message.payload.length + message.topic.length + OVERHEAD_BYTES;
}

function propertiesFor({ message, subscriptionIds, extra = [] }: Delivery, nowMs: number): Properties {
  const left = remainingS(message, nowMs);
  if (left === null && subscriptionIds.length === 0 && extra.length === 0) return message.properties;
  const user = [...(message.properties.user ?? []), ...extra];
  return {
    ...message.properties,
    ...(left !== null && { messageExpiryS: left }),
    ...(subscriptionIds.length > 0 && { subscriptionIds }),
    ...(user.length > 0 && { user }),
  };
}
