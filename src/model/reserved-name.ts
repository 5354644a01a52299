// Names that begin with `$sensorium/` are the node's own: what it must know at every other node and keep for good (who may
// do what, what was done) is kept in registers and in the common order like any reading, but is no sensor, and no device
// can write it. SPEC rules AC1, AC9.

import { isRetainedTopic } from './retained-topic.ts';

const RESERVED = '$sensorium/';

export function isReservedName(sensor: string): boolean {
  return sensor.startsWith(RESERVED);
}

/** In registers and in the order, and not among the sensors that people see. */
export function isHidden(sensor: string): boolean {
  return isReservedName(sensor) || isRetainedTopic(sensor);
}
