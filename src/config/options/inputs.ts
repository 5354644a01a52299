// How readings come in: simulated sensors and listeners.

import { LIMITS } from '../../model/limits.ts';
import { oneOf, PORT_OR_OFF, seconds, whole } from '../kind.ts';
import { option } from '../option.ts';

export const INPUT_OPTIONS = {
  sensorCount: option({
    name: 'SENSORS',
    kind: whole(0, LIMITS.simulatedSensorsMax),
    default: 0,
    help: 'How many sensors this node has of its own, each described by SENSOR_<i>_…, i from 0.',
  }),
  climatePeriodMs: option({
    name: 'SENSOR_INTERVAL_SECONDS',
    kind: seconds(0.001, 86_400),
    default: 15_000,
    help: 'Period of climate sensors that have no SENSOR_<i>_PERIOD_MS.',
  }),
  ingestPort: option({
    name: 'INGEST_PORT',
    kind: PORT_OR_OFF,
    default: 8_086,
    help: 'HTTP input: POST /ingest.',
  }),
  ingestAck: option({
    name: 'INGEST_ACK',
    kind: oneOf('stored', 'committed'),
    default: 'stored',
    help: 'What an input waits for before it acknowledges. committed: that a quorum has it durable, with its place in the order.',
  }),
  mqttPort: option({
    name: 'MQTT_PORT',
    kind: PORT_OR_OFF,
    default: 1_883,
    idle: true,
    help: 'MQTT input.',
  }),
};
