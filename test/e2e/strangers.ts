// Strangers at a node's ports, who say what no client of it would.

import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';

const LISTEN_MS = 8_000;
const RECONNECT_MS = 20;

/** Says `bytes` and keeps the connection open; resolves with what was answered once the other side has closed it. */
export function sayTo(port: number, bytes: Uint8Array | string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the connection to port ${port} is still open after ${LISTEN_MS} ms`));
    }, LISTEN_MS);
    socket.on('connect', () => socket.write(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    // A reset ends a connection as well as a farewell does.
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
  });
}

export async function sendTo(host: string, port: number, packets: readonly Uint8Array[]): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
  socket.setBroadcast(true);
  for (const packet of packets) {
    await new Promise<void>((resolve, reject) => {
      socket.send(packet, port, host, (error) => (error ? reject(error) : resolve()));
    });
  }
  await new Promise<void>((closed) => socket.close(closed));
}

/** Connections that say nothing, each made again as soon as it is closed. */
export class Loiterers {
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** How many connections the other side has ended. */
  ended = 0;
  #isOver = false;

  constructor(port: number, count: number) {
    this.#port = port;
    for (let at = 0; at < count; at++) this.#connect();
  }

  get connected(): number {
    return [...this.#sockets].filter((socket) => socket.readyState === 'open').length;
  }

  stop(): void {
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  #connect(): void {
    const socket = connect({ port: this.#port, host: '127.0.0.1' });
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.resume();
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#isOver) return;
      this.ended++;
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#connect();
      }, RECONNECT_MS);
      this.#timers.add(timer);
    });
  }
}
