// The short way of a publish: a decimal on a topic that is known to be a sensor's, at QoS 0 or 1 and not retained, is
// most of what sensors send. It is read straight from the bytes that came in, and no packet, message or payload is made
// of it. Anything else takes the long way, by the packets of `packet-reader.ts`. SPEC rules MQ1, MQ2, MQ13.

import { must } from '../../kit/assert.ts';
import type { SensorId } from '../../model/ids.ts';
import { Decimal } from './decimal.ts';
import type { Level } from './packet.ts';
import { PlainTopics } from './plain-topics.ts';

/** PUBLISH, neither retained nor a duplicate. */
const AT_QOS_0 = 0x30;
const AT_QOS_1 = 0x32;

export class PlainPublish {
  readonly topics = new PlainTopics();
  readonly decimal = new Decimal();
  #sensor: SensorId | null = null;
  /** 0 at QoS 0. */
  packetId = 0;
  payloadBytes = 0;

  /** Of the one read last. */
  get sensor(): SensorId {
    return must(this.#sensor, 'a publish was read');
  }

  /** Where the next packet begins, behind the one at `at`; -1 where that is not whole, or takes the long way. */
  read(bytes: Uint8Array, at: number, level: Level): number {
    const first = bytes[at];
    if (first !== AT_QOS_0 && first !== AT_QOS_1) return -1;
    const length = bytes[at + 1] ?? 0;
    const end = at + 2 + length;
    // A length of more than one byte is for longer packets than these.
    if (length >= 0x80 || end > bytes.length) return -1;
    const topicFrom = at + 4;
    const topicTo = topicFrom + u16(bytes, at + 2);
    const idTo = first === AT_QOS_0 ? topicTo : topicTo + 2;
    const payloadFrom = level === 5 ? idTo + 1 : idTo;
    if (payloadFrom >= end || (level === 5 && bytes[idTo] !== 0)) return -1; // It has properties.
    const packetId = first === AT_QOS_0 ? 0 : u16(bytes, topicTo);
    if (packetId === 0 && first === AT_QOS_1) return -1; // [MQTT-2.2.1-3]
    const sensor = this.topics.sensorOf(bytes, topicFrom, topicTo);
    if (sensor === null || !this.decimal.read(bytes, payloadFrom, end)) return -1;
    this.#sensor = sensor;
    this.packetId = packetId;
    this.payloadBytes = end - payloadFrom;
    return end;
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
