// Where this node listens, whom it dials, and what it does to its own traffic in demos and tests.

import {
  ADDRESSES,
  BOOLEAN,
  decimal,
  HOST,
  oneOf,
  PATH,
  PORT,
  seconds,
  text,
  unset,
  whole,
} from '../kind.ts';
import { option } from '../option.ts';

export const NETWORK_OPTIONS = {
  host: option({
    name: 'HOST',
    kind: HOST,
    default: '127.0.0.1',
    help: 'Bind address of every listener. Beyond loopback it needs a CLUSTER_KEY, or INSECURE=true.',
  }),
  port: option({
    name: 'PORT',
    kind: PORT,
    default: 9_000,
    help: 'Peer listener: TCP for frames, UDP for probes.',
  }),
  advertiseHost: option({
    name: 'ADVERTISE_HOST',
    kind: unset(HOST),
    default: null,
    defaultText: 'HOST; for a wildcard NODE_ID if it resolves, else the first address that is not internal',
    help: 'What other nodes are told to dial.',
  }),
  bootstrapPeers: option({
    name: 'BOOTSTRAP_PEERS',
    kind: ADDRESSES,
    default: [],
    defaultText: 'none',
    help: 'Nodes to join through: host:port,host:port.',
  }),
  webApiPort: option({
    name: 'WEB_API_PORT',
    kind: unset(PORT),
    default: null,
    defaultText: 'PORT + 1000',
    help: 'Read-only HTTP API and UI.',
  }),
  insecure: option({
    name: 'INSECURE',
    kind: BOOLEAN,
    default: false,
    help: 'Allow a bind beyond loopback without a CLUSTER_KEY: anyone who can connect may then join, and nothing is encrypted.',
  }),
  clusterKey: option({
    name: 'CLUSTER_KEY',
    kind: unset(text('1 to 1024 characters', /^.{1,1024}$/)),
    default: null,
    defaultText: 'none',
    secret: true,
    help: 'The same secret at every node of the site: nodes without it are kept out, and what goes between nodes is encrypted. 16 random characters or more.',
  }),
  keyPassphraseFile: option({
    name: 'KEY_PASSPHRASE_FILE',
    kind: unset(PATH),
    default: null,
    defaultText: 'trust/passphrase beside the keys',
    help: 'A file with what opens the keys that sensorium init and join leave on the disk. Elsewhere than them it is worth more.',
  }),
  certificateDays: option({
    name: 'CERTIFICATE_DAYS',
    kind: decimal(0.0001, 3_650),
    default: 365,
    help: 'How long certificates hold that this node signs for members. Each is followed by another after two thirds of its life.',
  }),
  discovery: option({
    name: 'DISCOVERY',
    kind: BOOLEAN,
    default: true,
    help: 'Find nodes of the site on the local network by UDP broadcast.',
  }),
  broadcastPort: option({
    name: 'BROADCAST_PORT',
    kind: whole(1, 65_535),
    default: 9_999,
    help: 'UDP port of the discovery.',
  }),
  topologyPolicy: option({
    name: 'TOPOLOGY_POLICY',
    kind: oneOf('full_mesh', 'partial', 'ring', 'star'),
    default: 'full_mesh',
    help: 'Whom a node gossips with: all, about twice log2 of them, two, or one centre.',
  }),
  socketTimeoutMs: option({
    name: 'SOCKET_TIMEOUT',
    kind: seconds(0.05, 300),
    default: 1_000,
    profiles: { lan: 2_000, wan: 10_000, slow: 5_000 },
    help: 'Seconds a peer handshake or a stalled frame may take.',
  }),
  acceptQueueSize: option({
    name: 'ACCEPT_QUEUE_SIZE',
    kind: whole(1, 65_535),
    default: 128,
    help: 'Listen backlog.',
  }),
  maxConnections: option({
    name: 'MAX_CONNECTIONS',
    kind: whole(1, 65_535),
    default: 256,
    help: 'Inbound peer connections; one more is refused with a reason. Of more links than this, idle ones are closed.',
  }),
  maxWorkers: option({
    name: 'MAX_WORKERS',
    kind: whole(1, 4_096),
    default: 64,
    help: 'Frames of inbound peers in work at once: a bound, not a number of threads.',
  }),
};

export const FAULT_OPTIONS = {
  networkDelayMs: option({
    name: 'NETWORK_DELAY_MS',
    kind: decimal(0, 60_000),
    default: 0,
    help: 'Delay added to each outbound message.',
  }),
  networkDelayJitterMs: option({
    name: 'NETWORK_DELAY_JITTER_MS',
    kind: decimal(0, 60_000),
    default: 0,
    help: 'By how much that delay varies, up and down.',
  }),
  networkDelaySpikeProb: option({
    name: 'NETWORK_DELAY_SPIKE_PROB',
    kind: decimal(0, 1),
    default: 0,
    help: 'Probability of a further delay.',
  }),
  networkDelaySpikeMs: option({
    name: 'NETWORK_DELAY_SPIKE_MS',
    kind: decimal(0, 60_000),
    default: 0,
    help: 'The further delay.',
  }),
  networkPacketLossProb: option({
    name: 'NETWORK_PACKET_LOSS_PROB',
    kind: decimal(0, 1),
    default: 0,
    help: 'Probability that an outbound message is dropped.',
  }),
};
