// A process that keeps the order and nothing else: the protocol, the log on its disk and the peer transport, as a node
// has them, without the state plane and the inputs. It takes opaque batches from one load over a socket of its own and
// answers each once it is committed. Started by `_sensorium-order.ts`; settings come as one JSON argument.

import { createServer, type Socket } from 'node:net';
import { CommittedLog } from '../src/host/committed-log.ts';
import { SocketTransport } from '../src/host/network/socket-transport.ts';
import { orderRequests } from '../src/host/order-requests.ts';
import { DataDirectory } from '../src/host/storage/data-directory.ts';
import { NodeStore } from '../src/host/storage/node-store.ts';
import { Random } from '../src/kit/random.ts';
import type { Address } from '../src/model/address.ts';
import { NO_BALLOT } from '../src/model/ballot.ts';
import type { Fact } from '../src/model/fact.ts';
import { type PeerId, parsePeerId } from '../src/model/ids.ts';
import type { Now } from '../src/model/time.ts';
import { History } from '../src/peer/history.ts';
import { HISTORY_PROFILES } from '../src/peer/history-options.ts';
import { bringTo, isOrderInput } from '../src/peer/order-input.ts';
import type { Input } from '../src/peer/port.ts';
import type { OrderingOutbox, OutboxBatch } from '../src/protocol/ordering/port.ts';
import { clusterCredentials } from '../src/trust/credentials.ts';
import type { Trust } from '../src/trust/peer-security.ts';
import { isOrderingMessage } from '../src/wire/ordering-messages.ts';

interface Settings {
  readonly node: string;
  readonly directory: string;
  readonly port: number;
  readonly loadPort: number;
  readonly peers: { readonly [node: string]: Address };
  /** Null: connections are plain. */
  readonly clusterKey: string | null;
}

const HEAD_BYTES = 8;
const GREETING_MS = 200;
const TELL_MS = 50;

const settings: Settings = JSON.parse(process.argv[2] ?? '');
const parsed = parsePeerId(settings.node);
if (!parsed.ok) throw new Error(parsed.problem);
const self = parsed.value;
const directory = await DataDirectory.open({ dataDir: settings.directory, node: self, clear: false });
const bounds = { outboxBytesMax: 2 ** 40, outboxPolicy: 'block' } as const;
const { store, recovered, order } = await NodeStore.openOrdered(directory, bounds, {
  failed: ({ detail }) => process.exit(complain(detail)),
  happened: () => {},
});
if (order === null) throw new Error('the directory keeps no log');
const { hardState } = recovered;
await new Promise<void>((done) => store.saveHardState(hardState, done));

const now = (): Now => ({ steadyMs: performance.now(), wallMs: Date.now() });
const address = settings.peers[self] ?? { host: '127.0.0.1', port: settings.port };
const history = new History(
  {
    peer: self,
    identity: hardState.identity,
    address,
    priority: 0,
    expectNodes: 3,
    ...HISTORY_PROFILES.local,
  },
  { state: { group: null, promised: NO_BALLOT, damaged: false, floor: 0, founding: null }, log: order.log },
  new Random(Date.now()),
  now(),
);

const inputs: Input[] = [];
let isStepping = false;
let alarm: NodeJS.Timeout | null = null;
let alarmAtMs = Number.POSITIVE_INFINITY;
const present = new Set<PeerId>();
/** Batches not committed yet, oldest first, and who waits. */
const waiting: { readonly lastN: number; readonly load: Socket; readonly id: number }[] = [];
const kept: OutboxBatch[] = [];
let lastN = 0;
const answers = new Map<Socket, number[]>();
let isAnswering = false;

const { clusterKey } = settings;
const trust = clusterKey === null ? null : trustOf(clusterKey);
const transport = await SocketTransport.start(
  {
    site: 'bench',
    peer: self,
    identity: hardState.identity,
    incarnation: 1,
    apiPort: 0,
    zone: '',
    instance: Date.now().toString(16).padStart(16, '0'),
    host: '127.0.0.1',
    port: settings.port,
    advertiseHost: '127.0.0.1',
    socketTimeoutMs: 1_000,
    acceptQueueSize: 128,
    connectionsMax: 64,
    framesPerTickMax: 64,
    trust,
    guest: null,
  },
  {
    received: (from, message, channel) => deliver({ type: 'received', from, message, channel }),
    linkUp: (hello) => deliver({ type: 'link-up', hello }),
    linkDown: (peer, cause) => deliver({ type: 'link-down', peer, cause }),
    linkBusy: () => {},
    contactFailed: () => {},
    namesake: () => {},
    refused: (where, code, reason) => void complain(`${where} ${code} ${reason}`),
    distrusted: (where, why) => void complain(`${where} ${why}`),
  },
);
const out: OrderingOutbox = {
  ...orderRequests(store, deliver),
  send: (to, message, channel) => {
    const at = settings.peers[to];
    if (at !== undefined) transport.send(to, at, message, channel);
  },
  contact: () => {},
  announce: hear,
  // The load keeps its batches until they are committed; here they are kept for the window alone.
  readOutbox: ({ id, fromN }) => {
    setImmediate(() =>
      deliver({ type: 'outbox-read', id, batches: kept.filter((batch) => batch.lastN >= fromN) }),
    );
  },
  ordered: () => {},
};
const committed = new CommittedLog(history, store, { now, deliver });
history.start(now(), out);
setInterval(() => {
  for (const [peer, at] of Object.entries(settings.peers)) {
    if (peer !== self && !present.has(peer as PeerId)) transport.contact(at);
  }
}, GREETING_MS);
createServer(serve).listen(settings.loadPort, '127.0.0.1', () => console.log('ready'));
process.stdin.on('end', () => process.exit(0)).resume();
let told = 0;
setInterval(() => {
  const { watermark } = committed.extent();
  if (watermark > told) console.log(`has ${watermark}`);
  told = watermark;
}, TELL_MS);
// An orderly end, so that a profile is written.
process.on('SIGTERM', () => process.exit(0));

function trustOf(key: string): Trust {
  return { credentials: clusterCredentials(key, { site: 'bench', node: self }), isRevoked: () => false };
}

function deliver(input: Input): void {
  inputs.push(input);
  if (isStepping) return;
  isStepping = true;
  for (let at = 0; at < inputs.length; at++) step(inputs[at] as Input);
  inputs.length = 0;
  isStepping = false;
  arm();
}

function step(input: Input): void {
  if (isOrderInput(input)) bringTo(history, input, now(), out);
  else if (input.type === 'wake') history.wake(now(), out);
  else if (input.type === 'received' && isOrderingMessage(input.message)) {
    history.receive(input.from, input.message, now(), out);
  } else if (input.type === 'link-up') {
    present.add(input.hello.peer);
    history.linkUp(input.hello, now(), out);
    history.present([...present], now(), out);
  } else if (input.type === 'link-down') {
    present.delete(input.peer);
    history.linkDown(input.peer, input.cause, now(), out);
    history.present([...present], now(), out);
  }
}

/** As a node's: the timer is moved only towards the present. */
function arm(): void {
  const nowMs = performance.now();
  const wakeAt = Math.max(history.wakeAt, nowMs);
  if (wakeAt >= alarmAtMs) return;
  if (alarm !== null) clearTimeout(alarm);
  alarmAtMs = wakeAt;
  alarm = setTimeout(wake, Math.min(wakeAt - nowMs, 1_000));
}

function wake(): void {
  alarm = null;
  alarmAtMs = Number.POSITIVE_INFINITY;
  if (performance.now() >= history.wakeAt) deliver({ type: 'wake' });
  else arm();
}

function hear(fact: Fact): void {
  committed.hear(fact);
  if (fact.type === 'became-leader') console.log('leads');
  if (fact.type === 'coordinator') console.log(`follows ${fact.peer}`);
  if (fact.type !== 'own-committed') return;
  let done = 0;
  for (const { lastN: last, load, id } of waiting) {
    if (last > fact.upto) break;
    done++;
    const ids = answers.get(load);
    if (ids === undefined) answers.set(load, [id]);
    else ids.push(id);
  }
  if (done === 0) return;
  waiting.splice(0, done);
  kept.splice(0, done);
  if (!isAnswering) setImmediate(answer);
  isAnswering = true;
}

/** What one turn has committed is answered by one write. */
function answer(): void {
  isAnswering = false;
  for (const [load, ids] of answers) load.write(Buffer.from(Uint32Array.from(ids).buffer));
  answers.clear();
}

/** Frames: payload's length, readings, payload. Batches are numbered in the order in which they come. */
function serve(load: Socket): void {
  let rest: Buffer = Buffer.alloc(0);
  let ids = 0;
  load.setNoDelay(true);
  load.on('error', () => {});
  load.on('data', (data: Buffer) => {
    let bytes: Buffer = rest.length === 0 ? data : Buffer.concat([rest, data]);
    while (bytes.length >= HEAD_BYTES) {
      const length = bytes.readUInt32LE(0);
      if (bytes.length < HEAD_BYTES + length) break;
      const readings = bytes.readUInt32LE(4);
      const payload = bytes.subarray(HEAD_BYTES, HEAD_BYTES + length);
      const firstN = lastN + 1;
      lastN += readings;
      const batch = { identity: hardState.identity, firstN, lastN, readings, payload };
      waiting.push({ lastN, load, id: ids++ });
      kept.push(batch);
      history.stored(batch, now(), out);
      bytes = bytes.subarray(HEAD_BYTES + length);
    }
    rest = bytes;
    arm();
  });
}

function complain(what: string): number {
  console.error(what);
  return 1;
}
