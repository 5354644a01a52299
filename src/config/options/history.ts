// The history plane: the leader, the group and the total order.

import { AGE_RULES } from '../age-rules.ts';
import { oneOf, or, unset, whole } from '../kind.ts';
import { option } from '../option.ts';
import { ROW_RULES } from '../row-rules.ts';

const DAY_MS = 86_400_000;

export const HISTORY_OPTIONS = {
  expectNodes: option({
    name: 'EXPECT_NODES',
    kind: unset(whole(1, 1_000)),
    default: null,
    defaultText: 'BOOTSTRAP_PEERS and itself',
    help: 'How many nodes found the ordering group together; later ones join it.',
  }),
  priority: option({
    name: 'PRIORITY',
    kind: or('never', whole(-1_000_000, 1_000_000)),
    default: 0,
    help: 'The highest (PRIORITY, then NODE_ID in byte order) leads; never does not stand.',
  }),
  orderHeartbeatMs: option({
    name: 'ORDER_HEARTBEAT_MS',
    kind: whole(5, 60_000),
    default: 50,
    profiles: { wan: 500, slow: 5_000 },
    help: "The leader's heartbeat.",
  }),
  heartbeatTimeoutMs: option({
    name: 'HEARTBEAT_TIMEOUT_MS',
    kind: whole(20, 600_000),
    default: 500,
    profiles: { lan: 1_000, wan: 5_000, slow: 20_000 },
    help: 'How long the leader may be silent.',
  }),
  electionTimeoutMs: option({
    name: 'ELECTION_TIMEOUT_MS',
    kind: whole(20, 600_000),
    default: 300,
    profiles: { lan: 600, wan: 3_000, slow: 5_000 },
    help: 'How long higher members may take to answer ELECTION.',
  }),
  orderMaxVoters: option({
    name: 'ORDER_MAX_VOTERS',
    kind: whole(1, 15),
    default: 5,
    help: 'Voters of the group; further nodes are learners.',
  }),
  evictAfterMs: option({
    name: 'EVICT_AFTER_MS',
    kind: or('never', whole(1_000, 365 * DAY_MS)),
    default: 600_000,
    help: 'How long a voter may be absent before a live learner takes its place.',
  }),
  commitTimeoutMs: option({
    name: 'COMMIT_TIMEOUT_MS',
    kind: whole(10, 600_000),
    default: 5_000,
    help: 'How long an input that asked for committed waits for it.',
  }),
  historyMaxBytes: option({
    name: 'HISTORY_MAX_BYTES',
    kind: or('never', whole(268_435_456, Number.MAX_SAFE_INTEGER)),
    default: 'never',
    help: 'Above so many bytes on the disk of the leader the oldest readings leave the log and the CSV files of all nodes.',
  }),
  historyMaxAgeMs: option({
    name: 'HISTORY_MAX_AGE_MS',
    kind: or('never', whole(60_000, 36_500 * DAY_MS)),
    default: 'never',
    help: 'And so do readings older than this.',
  }),
  historyDb: option({
    name: 'HISTORY_DB',
    kind: oneOf('on', 'off'),
    default: 'on',
    help: 'Whether this node keeps the history in columns as well (DuckDB), for /api/v1/history and sensorium sql.',
  }),
  historyDbMemoryMb: option({
    name: 'HISTORY_DB_MEMORY_MB',
    kind: whole(64, 1_048_576),
    default: 256,
    help: 'How much memory that database may use, in MB; what does not fit goes to the disk.',
  }),
  historyDbThreads: option({
    name: 'HISTORY_DB_THREADS',
    kind: whole(1, 256),
    default: 2,
    help: 'How many threads it may compute with.',
  }),
  historyDbMaxAge: option({
    name: 'HISTORY_DB_MAX_AGE',
    kind: unset(AGE_RULES),
    default: null,
    help: 'How old readings of sensors may be in that database, by pattern; the first that takes a sensor in counts. The log and the CSV files keep theirs.',
  }),
  historyDbMaxRows: option({
    name: 'HISTORY_DB_MAX_ROWS',
    kind: unset(ROW_RULES),
    default: null,
    help: 'How many rows of sensors may be in that database, by pattern, of all sensors of a pattern together; the newest stay. A reading is one row, a record one for each of its fields; a row takes some 7 to 12 bytes.',
  }),
  outboxMaxBytes: option({
    name: 'OUTBOX_MAX_BYTES',
    kind: whole(67_108_864, Number.MAX_SAFE_INTEGER),
    default: 1_073_741_824,
    help: 'Readings stored here and not yet committed may take so many bytes.',
  }),
  outboxMaxAgeMs: option({
    name: 'OUTBOX_MAX_AGE_MS',
    kind: whole(60_000, 3_650 * DAY_MS),
    default: 7 * DAY_MS,
    idle: true,
    help: 'And may be so old.',
  }),
  outboxPolicy: option({
    name: 'OUTBOX_POLICY',
    kind: oneOf('block', 'reject', 'drop-oldest'),
    default: 'block',
    help: 'What happens when the outbox is full; every drop is counted and named.',
  }),
};
