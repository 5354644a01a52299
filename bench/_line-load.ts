// A process of its own that writes line protocol over HTTP as fast as it is answered: so many connections, each with one
// request under way. The requests are made beforehand, but for the times in them, so that the load costs little. Told by
// BENCH_LOAD, answers with one line of JSON.

import { connect, type Socket } from 'node:net';
import { quantile } from './_figures.ts';

export interface LineLoad {
  readonly port: number;
  readonly connections: number;
  readonly linesPerRequest: number;
  readonly fieldsPerLine: number;
  /** Of each connection. */
  readonly series: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

export interface LineResult {
  readonly fieldsPerSecond: number;
  readonly requestP50Ms: number;
  readonly requestP99Ms: number;
  /** Answers other than 204. */
  readonly refused: number;
}

const VARIANTS = 16;
const TIME_DIGITS = 19;

const load: LineLoad = JSON.parse(process.env.BENCH_LOAD ?? '{}');
const waits: number[] = [];
let taken = 0;
let refused = 0;
let isCounting = false;

const sockets = Array.from({ length: load.connections }, (_, at) => opened(at));
await pause(load.warmUpSeconds * 1_000);
isCounting = true;
const fromMs = performance.now();
await pause(load.seconds * 1_000);
const tookS = (performance.now() - fromMs) / 1_000;
isCounting = false;
const result: LineResult = {
  fieldsPerSecond: (taken * load.linesPerRequest * load.fieldsPerLine) / tookS,
  requestP50Ms: quantile(waits, 0.5),
  requestP99Ms: quantile(waits, 0.99),
  refused,
};
console.log(JSON.stringify(result));
for (const socket of sockets) socket.destroy();

function opened(at: number): Socket {
  const requests = Array.from({ length: VARIANTS }, (_, variant) => requestOf(at, variant));
  const socket = connect({ host: '127.0.0.1', port: load.port, noDelay: true });
  let sent = 0;
  let sentAtMs = 0;
  const send = () => {
    const { bytes, times } = requests[sent++ % VARIANTS] as Request;
    const now = `${Date.now()}${String(sent % 1_000_000).padStart(6, '0')}`;
    for (const time of times) bytes.write(now, time, 'latin1');
    sentAtMs = performance.now();
    socket.write(bytes);
  };
  socket.on('connect', send);
  socket.on('error', () => socket.destroy());
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
    const end = answer.indexOf('\r\n\r\n');
    if (end < 0) return;
    const isTaken = answer.startsWith('HTTP/1.1 204');
    const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0);
    if (answer.length < end + 4 + length) return;
    answer = '';
    if (isCounting && isTaken) taken++;
    if (isCounting) waits.push(performance.now() - sentAtMs);
    if (isTaken) send();
    else {
      refused++;
      setTimeout(send, 50);
    }
  });
  return socket;
}

interface Request {
  readonly bytes: Buffer;
  /** Where the times of its lines stand. */
  readonly times: readonly number[];
}

/** As Telegraf sends what it has gathered on a machine. */
function requestOf(connection: number, variant: number): Request {
  const lines: string[] = [];
  for (let at = 0; at < load.linesPerRequest; at++) {
    const series = at % load.series;
    const fields = Array.from({ length: load.fieldsPerLine }, (_, field) => {
      const isWhole = field % 3 === 0;
      const value = isWhole ? `${Math.floor(Math.random() * 1e6)}i` : (Math.random() * 100).toFixed(3);
      return `usage_${field}=${value}`;
    });
    const tags = `host=machine-${connection},cpu=cpu${series},region=hall-${variant % 2}`;
    lines.push(`cpu,${tags} ${fields.join(',')} ${'0'.repeat(TIME_DIGITS)}`);
  }
  const body = `${lines.join('\n')}\n`;
  const head = `POST /api/v2/write?org=o&bucket=b HTTP/1.1\r\nHost: bench\r\nContent-Length: ${body.length}\r\n\r\n`;
  const times: number[] = [];
  let at = head.length;
  for (const line of lines) {
    at += line.length + 1;
    times.push(at - 1 - TIME_DIGITS);
  }
  return { bytes: Buffer.from(head + body, 'latin1'), times };
}

function pause(ms: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, ms));
}
