// The MQTT listener of a node: MQTT over TCP and over WebSocket at one port, told apart by the first byte (a CONNECT
// begins with 0x10, an HTTP request with a letter), both also by TLS. SPEC rules MQ1, MQ16, TR18.

import { once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { Door, type DoorTls, isSecured } from '../../access/door.ts';
import type { From } from '../../access/gate.ts';
import { must } from '../../kit/assert.ts';
import type { Log } from '../../kit/log.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Broker } from './broker.ts';

export interface MqttServerOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Plain alone without it. */
  readonly tls?: DoorTls | null;
}

const HTTP_GET = 0x47;
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1'];
/** How long a connection may stay without a first byte. */
const FIRST_BYTE_MS = 10_000;
/** How long one that speaks HTTP may take until it is a WebSocket. */
const UPGRADE_MS = 10_000;

export class MqttServer {
  readonly #broker: Broker;
  readonly #server: Server;
  readonly #door: Door;
  readonly #http: HttpServer;
  readonly #webSockets: WebSocketServer;
  readonly #sockets = new Set<Socket>();
  readonly #upgrading = new WeakMap<Socket, NodeJS.Timeout>();

  private constructor(broker: Broker, tls: DoorTls | null) {
    this.#broker = broker;
    this.#door = new Door(tls, {
      entered: (socket) => this.#greet(socket),
      refused: (reason, why) =>
        broker.refused(reason === 'silent' ? 'no_connect' : reason.replaceAll('-', '_'), why, ''),
      // It cannot be told so in its own words, as a CONNECT may be of several versions.
      plainAnswer: '',
    });
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      this.#door.receive(socket);
    });
    this.#server.maxConnections = LIMITS.mqttConnectionsMax;
    this.#server.on('drop', () =>
      broker.refused('too_many_connections', 'the connections are at their bound', ''),
    );
    this.#http = createHttpServer((_request, response) => {
      response.writeHead(426, { connection: 'close', upgrade: 'websocket', 'content-type': 'text/plain' });
      response.end('This is MQTT, over TCP or over WebSocket (subprotocol mqtt).\n');
    });
    this.#webSockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: LIMITS.mqttPacketBytesMax,
      // [MQTT-6.0.0-3]
      handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
    });
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  static async start(broker: Broker, log: Log, options: MqttServerOptions): Promise<MqttServer> {
    const server = new MqttServer(broker, options.tls ?? null);
    server.#server.listen(options.port, options.host);
    await once(server.#server, 'listening');
    server.#server.on('error', (error) => log.error('MQTT listener failed', { why: error.message }));
    log.info('MQTT listening', { host: options.host, port: server.port });
    return server;
  }

  get port(): number {
    const address = must(this.#server.address(), 'a listening server has an address');
    return typeof address === 'string' ? 0 : address.port;
  }

  /** Resolves once every connection is closed; the broker has said goodbye before. */
  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#door.stop();
    const giveUp = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, STOP_GRACE_MS);
    await closed;
    clearTimeout(giveUp);
  }

  #greet(socket: Socket): void {
    const giveUp = setTimeout(() => socket.destroy(), FIRST_BYTE_MS);
    const failed = () => socket.destroy();
    socket.once('error', failed);
    socket.once('close', () => clearTimeout(giveUp));
    socket.once('data', (chunk: Buffer) => {
      clearTimeout(giveUp);
      socket.off('error', failed);
      socket.pause();
      socket.unshift(chunk);
      if (chunk[0] === HTTP_GET) this.#greetHttp(socket);
      else this.#broker.accept(socket, fromOf(socket));
      socket.resume();
    });
  }

  /** The server that is handed this connection listens nowhere, and so looks after no time. */
  #greetHttp(socket: Socket): void {
    const giveUp = setTimeout(() => socket.destroy(), UPGRADE_MS);
    this.#upgrading.set(socket, giveUp);
    socket.once('close', () => clearTimeout(giveUp));
    this.#http.emit('connection', socket);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    clearTimeout(this.#upgrading.get(request.socket));
    socket.on('error', () => socket.destroy());
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const stream = createWebSocketStream(webSocket);
      this.#broker.accept(stream, fromOf(request.socket, request.headers.origin));
    });
  }
}

const STOP_GRACE_MS = 500;

function fromOf(socket: Socket, origin?: string): From {
  const { remoteAddress: address, remotePort: port } = socket;
  return { address, port, origin, isSecured: isSecured(socket) };
}
