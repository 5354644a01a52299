// How readings come in: simulated sensors and listeners.

import { LIMITS } from '../../model/limits.ts';
import { BOOLEAN, oneOf, PATH, PORT_OR_OFF, seconds, unset, whole } from '../kind.ts';
import { BRIDGE_TOPICS, BRIDGE_URL, PROFILE_RULES } from '../mqtt-options.ts';
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
  anonymousWrite: option({
    name: 'ANONYMOUS_WRITE',
    kind: oneOf('loopback', 'all', 'none'),
    default: 'loopback',
    help: 'Who may write and subscribe without a token: what runs on this machine, all, or nobody. sensorium device add makes tokens.',
  }),
  ingestAnonymousWrite: option({
    name: 'INGEST_ANONYMOUS_WRITE',
    kind: unset(oneOf('loopback', 'all', 'none')),
    default: null,
    defaultText: 'as ANONYMOUS_WRITE',
    help: 'The same for the HTTP input alone.',
  }),
  mqttAnonymousWrite: option({
    name: 'MQTT_ANONYMOUS_WRITE',
    kind: unset(oneOf('loopback', 'all', 'none')),
    default: null,
    defaultText: 'as ANONYMOUS_WRITE',
    help: 'The same for the MQTT listener alone.',
  }),
  anonymousRead: option({
    name: 'ANONYMOUS_READ',
    kind: oneOf('loopback', 'all', 'none'),
    default: 'loopback',
    help: 'Who may read the API and the pages without a token: what runs on this machine, all, or nobody. /healthz and /readyz answer anybody.',
  }),
  deviceTls: option({
    name: 'DEVICE_TLS',
    kind: oneOf('off', 'offered', 'required'),
    default: 'offered',
    help: 'TLS at the HTTP input, MQTT and the API, on the same ports as plain, where the node has a certificate of its site (CLUSTER_KEY, init). required: other machines come by TLS alone. sensorium ca prints what they are to trust.',
  }),
  modbusConfig: option({
    name: 'MODBUS_CONFIG',
    kind: unset(PATH),
    default: null,
    help: 'A JSON file with the Modbus TCP devices to poll and what their registers mean. Given to several nodes, one polls and another takes over.',
  }),
  mqttPort: option({
    name: 'MQTT_PORT',
    kind: PORT_OR_OFF,
    default: 1_883,
    help: 'MQTT 3.1, 3.1.1 and 5, over TCP and WebSocket: publish to any node, subscribe at any other.',
  }),
  mqttProfiles: option({
    name: 'MQTT_PROFILES',
    kind: PROFILE_RULES,
    default: [],
    help: 'How payloads are read, by topic; the first that fits counts, before those for zigbee2mqtt, Tasmota and ESPHome, and auto for all else. none: a message and no reading.',
  }),
  mqttHomeAssistant: option({
    name: 'MQTT_HOMEASSISTANT',
    kind: BOOLEAN,
    default: false,
    help: 'Describes every sensor on homeassistant/…, so that Home Assistant finds it.',
  }),
  mqttBridgeUrl: option({
    name: 'MQTT_BRIDGE_URL',
    kind: unset(BRIDGE_URL),
    default: null,
    secret: true,
    help: 'An existing MQTT broker whose messages come in here as if they were published here.',
  }),
  mqttBridgeTopics: option({
    name: 'MQTT_BRIDGE_TOPICS',
    kind: BRIDGE_TOPICS,
    default: ['#'],
    help: 'What to take from that broker. With $share/<name>/… several nodes take turns.',
  }),
};
