// The two sockets of a peer: TCP for frames and UDP for probes, on one port number. SPEC rule NW2.

import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { createServer, type Server, type Socket } from 'node:net';

export interface ListenOptions {
  readonly host: string;
  /** 0: any port that is free for both. */
  readonly port: number;
  readonly backlog: number;
  /** Above it a connection is cut off without a word. */
  readonly connectionsMax: number;
  readonly accept: (socket: Socket) => void;
}

export interface Listener {
  readonly server: Server;
  readonly datagrams: DatagramSocket;
  readonly port: number;
  readonly family: 4 | 6;
}

/** How often a drawn TCP port may turn out to be taken for UDP. */
const DRAWS_MAX = 16;
/** Rare: probes notice a silent peer sooner, and a packet a second on every link is what an idle site would pay. */
export const KEEP_ALIVE_AFTER_MS = 30_000;

export async function listen(options: ListenOptions): Promise<Listener> {
  const found = await lookup(options.host);
  const host = found.address;
  const family = found.family === 6 ? 6 : 4;
  for (let draw = 1; ; draw++) {
    const server = await listenStream(host, options);
    const port = portOf(server);
    try {
      const datagrams = await bindDatagrams(host, port, family);
      return { server, datagrams, port, family };
    } catch (cause) {
      await new Promise((closed) => server.close(closed));
      if (options.port !== 0 || draw === DRAWS_MAX) {
        throw new Error(`binding UDP ${options.host} port ${port}`, { cause });
      }
    }
  }
}

async function listenStream(host: string, options: ListenOptions): Promise<Server> {
  const server = createServer(
    { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS },
    options.accept,
  );
  server.maxConnections = options.connectionsMax;
  await new Promise<void>((listening, failed) => {
    server.once('error', (cause) => {
      failed(new Error(`listening on TCP ${options.host} port ${options.port}`, { cause }));
    });
    server.listen({ host, port: options.port, backlog: options.backlog }, listening);
  });
  return server;
}

async function bindDatagrams(host: string, port: number, family: 4 | 6): Promise<DatagramSocket> {
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4' });
  try {
    await new Promise<void>((bound, failed) => {
      socket.once('error', failed);
      socket.bind({ address: host, port, exclusive: true }, bound);
    });
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.removeAllListeners('error');
  return socket;
}

function portOf(server: Server): number {
  const address = server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
}
