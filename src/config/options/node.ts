// Who this node is, where it keeps its own, and what it says of itself.

import { BOOLEAN, NODE_ID, oneOf, or, PATH, text, unset, whole } from '../kind.ts';
import { option, PROFILES } from '../option.ts';

export const NODE_OPTIONS = {
  profile: option({
    name: 'PROFILE',
    kind: oneOf(...PROFILES),
    default: 'local',
    help: 'A set of timings; single values override it.',
  }),
  site: option({
    name: 'SITE',
    kind: text('1 to 64 of A-Z a-z 0-9 . _ -', /^[A-Za-z0-9._-]{1,64}$/),
    default: 'sensorium',
    help: 'Only nodes of the same site talk to each other.',
  }),
  zone: option({
    name: 'ZONE',
    kind: text('0 to 32 of A-Z a-z 0-9 . _ -', /^[A-Za-z0-9._-]{0,32}$/),
    default: '',
    defaultText: 'none',
    help: 'Where this node stands (a hall, a building): nodes gossip mostly with those of their own zone.',
  }),
  nodeId: option({
    name: 'NODE_ID',
    kind: unset(NODE_ID),
    default: null,
    defaultText: 'generated once, kept in DATA_DIR/node-id',
    help: 'Name of this node: last-write-wins tie-break and election priority.',
  }),
  dataDir: option({
    name: 'DATA_DIR',
    kind: PATH,
    default: 'data',
    help: 'Each node keeps all of its own under DATA_DIR/<node id>/.',
  }),
  clearDataOnStart: option({
    name: 'CLEAR_DATA_ON_START',
    kind: BOOLEAN,
    default: false,
    help: "Delete this node's data at start.",
  }),
  snapshotIntervalMs: option({
    name: 'SNAPSHOT_INTERVAL_MS',
    kind: whole(1_000, 86_400_000),
    default: 60_000,
    help: 'How often the registers are written down, so that a restart reads little.',
  }),
  maxClockSkewMs: option({
    name: 'MAX_CLOCK_SKEW_MS',
    kind: whole(0, 86_400_000),
    default: 5_000,
    help: "How far a device's clock may run ahead of this node's before its time competes no longer as given.",
  }),
  logLevel: option({
    name: 'LOG_LEVEL',
    kind: oneOf('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL', 'DEMO'),
    default: 'INFO',
    help: "DEMO shows only the cluster's story: joins, suspicions, elections, syncs, convergence.",
  }),
  logFile: option({
    name: 'LOG_FILE',
    kind: unset(PATH),
    default: null,
    defaultText: 'none',
    help: 'Also log to this file.',
  }),
  logFileMaxBytes: option({
    name: 'LOG_FILE_MAX_BYTES',
    kind: or('never', whole(65_536, Number.MAX_SAFE_INTEGER)),
    default: 67_108_864,
    help: 'A LOG_FILE of this size becomes LOG_FILE.1, and those before it one more. never leaves that to others, such as logrotate.',
  }),
  logFileKeep: option({
    name: 'LOG_FILE_KEEP',
    kind: whole(0, 1_000),
    default: 5,
    help: 'So many former log files are kept.',
  }),
  clearLog: option({
    name: 'CLEAR_LOG',
    kind: BOOLEAN,
    default: false,
    help: 'Truncate LOG_FILE at start.',
  }),
};
