// From packets to bytes, for the level of whoever reads them. SPEC rule MQ1.

import { unreachable } from '../../kit/assert.ts';
import { FieldWriter } from './field-writer.ts';
import { type Connect, connackCode, type Level, type Packet, type Properties, REASON } from './packet.ts';
import { writeProperties } from './properties.ts';

/** One for all packets: a packet is complete before the next begins. */
const scratch = new FieldWriter();

const TYPES: { readonly [type in Packet['type']]: number } = {
  connect: 0x10,
  connack: 0x20,
  publish: 0x30,
  puback: 0x40,
  pubrec: 0x50,
  pubrel: 0x62,
  pubcomp: 0x70,
  subscribe: 0x82,
  suback: 0x90,
  unsubscribe: 0xa2,
  unsuback: 0xb0,
  pingreq: 0xc0,
  pingresp: 0xd0,
  disconnect: 0xe0,
  auth: 0xf0,
};

export function encodePacket(packet: Packet, level: Level): Buffer {
  // What is written most often: an acknowledgement that says nothing more.
  if (packet.type === 'puback' && (packet.code === REASON.success || level !== 5)) {
    const isPlain = level !== 5 || Object.keys(packet.properties).length === 0;
    if (isPlain) return plainPuback(packet.packetId);
  }
  const flags =
    packet.type === 'publish' ? (packet.dup ? 8 : 0) | (packet.qos << 1) | (packet.retain ? 1 : 0) : 0;
  scratch.u8(TYPES[packet.type] | flags);
  const from = scratch.beginPart();
  writeBody(packet, level);
  scratch.endPart(from);
  return scratch.take();
}

function plainPuback(packetId: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes[0] = TYPES.puback;
  bytes[1] = 2;
  bytes.writeUInt16BE(packetId, 2);
  return bytes;
}

function writeBody(packet: Packet, level: Level): void {
  switch (packet.type) {
    case 'connect':
      writeConnect(packet);
      return;
    case 'connack':
      scratch.u8(packet.sessionPresent ? 1 : 0);
      scratch.u8(connackCode(level, packet.code));
      properties(packet.properties, level);
      return;
    case 'publish':
      scratch.text(packet.topic);
      if (packet.qos > 0) scratch.u16(packet.packetId);
      properties(packet.properties, level);
      scratch.raw(packet.payload);
      return;
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      scratch.u16(packet.packetId);
      codeAndProperties(packet.code, packet.properties, level);
      return;
    case 'subscribe':
      scratch.u16(packet.packetId);
      properties(packet.properties, level);
      for (const { filter, qos, noLocal, retainAsPublished, retainHandling } of packet.subscriptions) {
        scratch.text(filter);
        const more = (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | (retainHandling << 4);
        scratch.u8(level === 5 ? qos | more : qos);
      }
      return;
    case 'suback':
      scratch.u16(packet.packetId);
      properties(packet.properties, level);
      // 3.1.1 knows one failure. [MQTT-3.9.3-2]
      for (const code of packet.codes) scratch.u8(level === 5 || code < 0x80 ? code : 0x80);
      return;
    case 'unsuback':
      scratch.u16(packet.packetId);
      properties(packet.properties, level);
      if (level === 5) for (const code of packet.codes) scratch.u8(code);
      return;
    case 'unsubscribe':
      scratch.u16(packet.packetId);
      properties(packet.properties, level);
      for (const filter of packet.filters) scratch.text(filter);
      return;
    case 'disconnect':
    case 'auth':
      codeAndProperties(packet.code, packet.properties, level);
      return;
    case 'pingreq':
    case 'pingresp':
      return;
    default:
      unreachable(packet);
  }
}

function writeConnect(packet: Connect): void {
  const { level, will, username, password } = packet;
  scratch.text(level === 3 ? 'MQIsdp' : 'MQTT');
  scratch.u8(level | (packet.bridge ? 0x80 : 0));
  const willFlags = will === null ? 0 : 4 | (will.qos << 3) | (will.retain ? 0x20 : 0);
  const names = (username === null ? 0 : 0x80) | (password === null ? 0 : 0x40);
  scratch.u8((packet.clean ? 2 : 0) | willFlags | names);
  scratch.u16(packet.keepAliveS);
  properties(packet.properties, level);
  scratch.text(packet.clientId);
  if (will !== null) {
    properties(will.properties, level);
    scratch.text(will.topic);
    scratch.binary(will.payload);
  }
  if (username !== null) scratch.text(username);
  if (password !== null) scratch.binary(password);
}

function properties(given: Properties, level: Level): void {
  if (level === 5) writeProperties(scratch, given);
}

/** What says nothing is left out. [MQTT 5, 3.4.2.1] */
function codeAndProperties(code: number, given: Properties, level: Level): void {
  const hasProperties = Object.keys(given).length > 0;
  if (level !== 5 || (code === REASON.success && !hasProperties)) return;
  scratch.u8(code);
  if (hasProperties) writeProperties(scratch, given);
}
