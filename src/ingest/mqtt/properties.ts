// MQTT 5 properties to bytes and back, from one table (MQTT 5, 2.2.2). SPEC rule MQ1.

import type { FieldReader } from './field-reader.ts';
import type { FieldWriter } from './field-writer.ts';
import { NO_PROPERTIES, type Properties } from './packet.ts';

type Sort = 'u8' | 'u16' | 'u32' | 'varints' | 'text' | 'binary' | 'pairs';

const TABLE: readonly (readonly [id: number, name: keyof Properties, sort: Sort])[] = [
  [0x01, 'payloadFormat', 'u8'],
  [0x02, 'messageExpiryS', 'u32'],
  [0x03, 'contentType', 'text'],
  [0x08, 'responseTopic', 'text'],
  [0x09, 'correlationData', 'binary'],
  [0x0b, 'subscriptionIds', 'varints'],
  [0x11, 'sessionExpiryS', 'u32'],
  [0x12, 'assignedClientId', 'text'],
  [0x13, 'serverKeepAliveS', 'u16'],
  [0x15, 'authMethod', 'text'],
  [0x16, 'authData', 'binary'],
  [0x17, 'requestProblemInfo', 'u8'],
  [0x18, 'willDelayS', 'u32'],
  [0x19, 'requestResponseInfo', 'u8'],
  [0x1a, 'responseInfo', 'text'],
  [0x1c, 'serverReference', 'text'],
  [0x1f, 'reason', 'text'],
  [0x21, 'receiveMax', 'u16'],
  [0x22, 'topicAliasMax', 'u16'],
  [0x23, 'topicAlias', 'u16'],
  [0x24, 'qosMax', 'u8'],
  [0x25, 'retainAvailable', 'u8'],
  [0x26, 'user', 'pairs'],
  [0x27, 'packetBytesMax', 'u32'],
  [0x28, 'wildcardAvailable', 'u8'],
  [0x29, 'subscriptionIdAvailable', 'u8'],
  [0x2a, 'sharedAvailable', 'u8'],
];
const BY_ID = new Map(TABLE.map(([id, name, sort]) => [id, { name, sort }]));

interface Open {
  [name: string]: unknown;
}

/** Reads a length and as many bytes of properties. */
export function readProperties(reader: FieldReader): Properties {
  const length = reader.varint();
  if (length === 0) return NO_PROPERTIES;
  const part = reader.part(length);
  const read: Open = {};
  while (part.remaining > 0) {
    const id = part.varint();
    const known = BY_ID.get(id);
    if (known === undefined) {
      part.refuse(`property ${id} is not known`);
      break;
    }
    readOne(part, known.name, known.sort, read);
  }
  if (part.problem !== null) reader.refuse(part.problem);
  return read;
}

export function writeProperties(writer: FieldWriter, properties: Properties): void {
  const from = writer.beginPart();
  for (const [id, name, sort] of TABLE) {
    const value = properties[name];
    if (value !== undefined) writeOne(writer, id, sort, value);
  }
  writer.endPart(from);
}

function readOne(part: FieldReader, name: keyof Properties, sort: Sort, read: Open): void {
  const before = read[name];
  // All but these may stand once. [MQTT 5, 2.2.2.2]
  if (sort === 'pairs') {
    const pair = [part.text(), part.text()];
    if (Array.isArray(before)) before.push(pair);
    else read[name] = [pair];
    return;
  }
  if (sort === 'varints') {
    const number = part.varint();
    if (number === 0) part.refuse('a subscription identifier is not 0');
    if (Array.isArray(before)) before.push(number);
    else read[name] = [number];
    return;
  }
  if (before !== undefined) part.refuse(`the property ${name} is there twice`);
  else read[name] = part[sort]();
}

function writeOne(
  writer: FieldWriter,
  id: number,
  sort: Sort,
  value: NonNullable<Properties[keyof Properties]>,
): void {
  if (Array.isArray(value)) {
    for (const one of value) {
      writer.u8(id);
      if (sort === 'varints') writer.varint(one);
      else {
        writer.text(one[0]);
        writer.text(one[1]);
      }
    }
    return;
  }
  writer.u8(id);
  if (typeof value === 'string') writer.text(value);
  else if (Buffer.isBuffer(value)) writer.binary(value);
  else if (typeof value === 'number') {
    if (sort === 'u8') writer.u8(value);
    else if (sort === 'u16') writer.u16(value);
    else writer.u32(value);
  }
}
