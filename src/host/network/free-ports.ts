// Ports that are free for TCP and UDP on loopback at this moment. They are drawn from below the range that systems
// take the ports of outgoing connections from, so that none of those has one before its listener does.

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';

const LOWEST = 20_000;
const BELOW = 32_000;
const DRAWS_MAX = 1_000;

/** All are held until all are found, so that no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  for (let draw = 0; draw < DRAWS_MAX && ports.length < count; draw++) {
    const port = randomInt(LOWEST, BELOW);
    const server = await holdStream(port);
    if (server === null) continue;
    held.push(server);
    if (await isFreeForDatagrams(port)) ports.push(port);
  }
  await Promise.all(held.map((server) => new Promise((closed) => server.close(closed))));
  if (ports.length < count) throw new Error(`no ${count} ports from ${LOWEST} to ${BELOW} are free`);
  return ports;
}

function holdStream(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function isFreeForDatagrams(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}
