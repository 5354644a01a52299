// A message on its way from who published it to who wants it, whatever listener, bridge or node it came by. SPEC rules
// MQ4, MQ9.

import { FieldReader } from './field-reader.ts';
import { FieldWriter } from './field-writer.ts';
import { NO_PROPERTIES, type Properties, type Qos } from './packet.ts';
import { readProperties, writeProperties } from './properties.ts';

export interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: Qos;
  /** As it was published. */
  readonly retain: boolean;
  /** What the publisher says of the content; the expiry counts from `atMs`. */
  readonly properties: Properties;
  /** When this node took it in. */
  readonly atMs: number;
  /** The client that published it here, whom `noLocal` spares. */
  readonly client: string | null;
  /** It came from another broker, and goes to none. */
  readonly bridged: boolean;
}

/** What came over a bridge says so, and so does who is one: a user property with the site of the bridge. (MQ17) */
export const BRIDGE_MARK = 'sensorium-bridge';

const scratch = new FieldWriter();

/** Properties of a PUBLISH that go on to its receivers. [MQTT-3.3.2-17] */
export function forwarded(properties: Properties): Properties {
  if (properties === NO_PROPERTIES) return NO_PROPERTIES;
  const { payloadFormat, messageExpiryS, contentType, responseTopic, correlationData, user } = properties;
  return {
    ...(payloadFormat !== undefined && { payloadFormat }),
    ...(messageExpiryS !== undefined && { messageExpiryS }),
    ...(contentType !== undefined && { contentType }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData }),
    ...(user !== undefined && { user }),
  };
}

/** Whole seconds that are left; null where the message never expires. */
export function remainingS({ properties, atMs }: Message, nowMs: number): number | null {
  const { messageExpiryS } = properties;
  if (messageExpiryS === undefined) return null;
  return Math.max(0, messageExpiryS - Math.floor(Math.max(0, nowMs - atMs) / 1_000));
}

export function isExpired(message: Message, nowMs: number): boolean {
  return remainingS(message, nowMs) === 0;
}

/** All but the topic, for other nodes and for the disk. */
export function encodeBody(message: Message, nowMs: number): Uint8Array {
  const left = remainingS(message, nowMs);
  scratch.u8(message.qos | (message.retain ? 4 : 0) | (message.bridged ? 8 : 0));
  writeProperties(
    scratch,
    left === null ? message.properties : { ...message.properties, messageExpiryS: left },
  );
  scratch.raw(message.payload);
  return scratch.take();
}

/** Null: these are no bytes of a message. */
export function decodeBody(topic: string, body: Uint8Array, atMs: number): Message | null {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const reader = new FieldReader(bytes, 0, bytes.length);
  const flags = reader.u8();
  const properties = readProperties(reader);
  const payload = reader.rest();
  const qos = flags & 3;
  if (reader.problem !== null || qos === 3) return null;
  return {
    topic,
    payload,
    qos: qos as Qos,
    retain: (flags & 4) !== 0,
    properties,
    atMs,
    client: null,
    bridged: (flags & 8) !== 0,
  };
}
