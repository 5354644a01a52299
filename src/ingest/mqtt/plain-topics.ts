// Topics on which a number is a reading of the sensor of the same name, found by their bytes: most of what devices publish
// comes on a topic that was seen before, and needs no text made of it nor looked at again. A direct-mapped cache, so a
// flood of different topics costs speed and never memory. SPEC rule MQ13.

import type { SensorId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';

export class PlainTopics {
  readonly #slots: (SensorId | undefined)[] = new Array(LIMITS.mqttPlainTopicsKept).fill(undefined);

  /** Null: nothing is known of these bytes. */
  sensorOf(bytes: Uint8Array, from: number, to: number): SensorId | null {
    let hash = HASH_START;
    for (let at = from; at < to; at++) hash = hashed(hash, bytes[at] as number);
    const sensor = this.#slots[slotOf(hash)];
    if (sensor === undefined || sensor.length !== to - from) return null;
    for (let at = 0; at < sensor.length; at++) {
      if (sensor.charCodeAt(at) !== bytes[from + at]) return null;
    }
    return sensor;
  }

  learn(sensor: SensorId): void {
    let hash = HASH_START;
    for (let at = 0; at < sensor.length; at++) {
      const unit = sensor.charCodeAt(at);
      // Only of an ASCII text each character is a byte.
      if (unit >= 0x80) return;
      hash = hashed(hash, unit);
    }
    this.#slots[slotOf(hash)] = sensor;
  }
}

/** FNV-1a (Fowler, Noll, Vo), with a last step that brings the high bits down. */
const HASH_START = 0x811c_9dc5;

function hashed(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x0100_0193);
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 15)) & (LIMITS.mqttPlainTopicsKept - 1);
}
