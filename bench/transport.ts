// Frames and bytes a second between two transports over loopback, both in this process, so that the figure covers
// encoding, writing, reading and decoding on one core. Run with `npx tsx bench/transport.ts`.

import { cpus } from 'node:os';
import { SocketTransport } from '../src/host/network/socket-transport.ts';
import type { TransportEvents } from '../src/host/network/transport.ts';
import { type PeerId, parsePeerId, parseSensorId } from '../src/model/ids.ts';
import { LIMITS } from '../src/model/limits.ts';
import { encodeMessage } from '../src/wire/codec.ts';
import type { Message } from '../src/wire/messages.ts';

const RUNS = 9;
/** In flight at a time, well below what a connection may hold. */
const WINDOW_BYTES = 1_048_576;

console.log(`${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, node ${process.version}`);
console.log(`medians of ${RUNS} runs\n`);
console.log('message            bytes   frames/s    MB/s   µs each, one at a time');
await measure('PING', { type: 'PING', nonce: 1, wallMs: 1_763_765_432_000, rumours: [] }, 100_000);
await measure('update, 10 readings', updateOf(10, 8), 50_000);
await measure('update, 64 KiB', updateOf(16, LIMITS.textValueBytesMax - 4), 4_000);

async function measure(name: string, message: Message, count: number): Promise<void> {
  const there = await ends();
  const bytes = encodeMessage(message).byteLength;
  const window = Math.max(1, Math.floor(WINDOW_BYTES / bytes));
  await there.carry(message, count, window);
  const frames: number[] = [];
  const turns: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    frames.push(count / (await there.carry(message, count, window)));
    turns.push(((await there.carry(message, 1_000, 1)) / 1_000) * 1e6);
  }
  const perSecond = median(frames);
  const cells = [
    bytes,
    Math.round(perSecond),
    ((perSecond * bytes) / 1e6).toFixed(1),
    median(turns).toFixed(0),
  ];
  console.log(
    `${name.padEnd(19)}${cells.map((cell, i) => String(cell).padStart(i === 0 ? 5 : 10)).join('')}`,
  );
  await there.stop();
}

/** Two peers; what the second receives is acknowledged by a call, so that the first sends on. */
async function ends() {
  const [ann, bob] = [peerNamed('ann'), peerNamed('bob')];
  let received: () => void = () => {};
  const bobs = await started(bob, () => received());
  const anns = await started(ann, () => {});
  // Before the link stands only a few frames may wait.
  await new Promise<void>((linked) => {
    received = linked;
    anns.send(bob, bobs.address, { type: 'PING', nonce: 0, wallMs: 0, rumours: [] }, 'stream');
  });
  return {
    /** Seconds until `count` messages have arrived, with at most `window` under way. */
    carry: (message: Message, count: number, window: number) =>
      new Promise<number>((done) => {
        const startMs = performance.now();
        let sent = 0;
        let arrived = 0;
        const fill = (): void => {
          for (; sent < count && sent - arrived < window; sent++) {
            // A copy each, so that each is encoded.
            anns.send(bob, bobs.address, { ...message }, 'stream');
          }
        };
        received = () => {
          arrived += 1;
          if (arrived === count) done((performance.now() - startMs) / 1_000);
          else if (sent - arrived <= window / 2) fill();
        };
        fill();
      }),
    stop: () => Promise.all([anns.stop(), bobs.stop()]),
  };
}

function started(peer: PeerId, received: () => void): Promise<SocketTransport> {
  const events: TransportEvents = {
    received,
    linkUp: () => {},
    linkDown: (lost, cause) => console.log(`lost ${lost}: ${cause}`),
    linkBusy: () => {},
    contactFailed: () => {},
    namesake: () => {},
    refused: (where, code, reason) => console.log(`refused ${where}: ${code} ${reason}`),
    distrusted: (where, why) => console.log(`kept out ${where}: ${why}`),
  };
  return SocketTransport.start(
    {
      site: 'bench',
      peer,
      identity: { birth: 1, random: '9f86d081884c7d65' },
      incarnation: 1,
      apiPort: 0,
      zone: '',
      instance: Buffer.from(peer.padEnd(8)).toString('hex'),
      host: '127.0.0.1',
      port: 0,
      advertiseHost: '127.0.0.1',
      socketTimeoutMs: 1_000,
      acceptQueueSize: 128,
      connectionsMax: 256,
      framesPerTickMax: 64,
      trust: null,
      guest: null,
    },
    events,
  );
}

function updateOf(count: number, textBytes: number): Message {
  const sensor = parseSensorId('bed1/temperature');
  if (!sensor.ok) throw new Error(sensor.problem);
  const records = Array.from({ length: count }, (_, i) => ({
    kind: 'reading' as const,
    n: i + 1,
    sensor: sensor.value,
    // Each its own, since equal texts are sent once.
    value: String(i).padEnd(textBytes, 'x'),
    tsMs: 1_763_765_432_000 + i,
    ingestTsMs: 1_763_765_432_000 + i,
    lwwTsMs: 1_763_765_432_000 + i,
  }));
  const stream = { origin: peerNamed('ann'), identity: { birth: 1, random: '9f86d081884c7d65' } };
  const delta = { ...stream, after: 0, upto: count, droppedUpto: 0, records };
  return { type: 'SENSOR_UPDATE', source: 'push', deltas: [delta], more: false };
}

function peerNamed(text: string): PeerId {
  const parsed = parsePeerId(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
