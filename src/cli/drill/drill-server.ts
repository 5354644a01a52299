// The door to the desk of a drill: a listener of the parent process on loopback. Whoever acts here kills processes, so
// it wants the token that was drawn for this run, is asked by its own name only, and answers no page but those that
// the cluster's nodes serve. SPEC rule CL30.

import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LIMITS } from '../../model/limits.ts';
import type { DrillDesk } from './drill-desk.ts';
import { parseAct } from './drill-request.ts';

export interface DrillServerOptions {
  readonly token: string;
  /** Ports of the nodes' read APIs: pages from there may ask. */
  readonly pagePorts: readonly number[];
}

const HOST = '127.0.0.1';
const NAMES = [HOST, 'localhost'];
const PATH = '/drill';
const ALLOWED = 'GET, POST, OPTIONS';
const IDLE_MS = 30_000;

export class DrillServer {
  readonly #desk: DrillDesk;
  readonly #token: Uint8Array;
  readonly #origins: ReadonlySet<string>;
  readonly #server: Server;

  static async start(desk: DrillDesk, options: DrillServerOptions): Promise<DrillServer> {
    const server = new DrillServer(desk, options);
    await new Promise<void>((listening, failed) => {
      server.#server.once('error', failed);
      server.#server.listen({ host: HOST, port: 0 }, listening);
    });
    return server;
  }

  private constructor(desk: DrillDesk, { token, pagePorts }: DrillServerOptions) {
    this.#desk = desk;
    this.#token = Buffer.from(token);
    this.#origins = new Set(pagePorts.flatMap((port) => NAMES.map((name) => `http://${name}:${port}`)));
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server.maxConnections = LIMITS.drillConnectionsMax;
    this.#server.timeout = IDLE_MS;
  }

  get port(): number {
    const address = this.#server.address();
    return isAddressInfo(address) ? address.port : 0;
  }

  async stop(): Promise<void> {
    this.#desk.stop();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { origin, host = '', authorization = '' } = request.headers;
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Vary', 'Origin');
    // A name that somebody made point here is not ours.
    if (!NAMES.some((name) => host === `${name}:${this.port}`)) return say(response, 403, 'ask 127.0.0.1');
    if (origin !== undefined) {
      if (!this.#origins.has(origin))
        return say(response, 403, 'only pages of the nodes of this cluster may ask');
      response.setHeader('Access-Control-Allow-Origin', origin);
    }
    if (request.method === 'OPTIONS') {
      response.setHeader('Access-Control-Allow-Methods', ALLOWED);
      response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type');
      response.writeHead(204).end();
      return;
    }
    if (!this.#isKnown(authorization)) return say(response, 401, 'the token of this run is wanted');
    if (request.url !== PATH) return say(response, 404, `there is only ${PATH}`);
    if (request.method === 'GET') return send(response, 200, this.#desk.state());
    if (request.method !== 'POST') return say(response, 405, `allowed are ${ALLOWED}`);
    const body = await bodyOf(request);
    if (body === null) return say(response, 413, `an act has at most ${LIMITS.drillActBytesMax} bytes`);
    const act = parseAct(body);
    if (!act.ok) return say(response, 400, act.problem);
    const done = await this.#desk.act(act.value);
    if (!done.ok) return say(response, 409, done.problem);
    send(response, 200, this.#desk.state());
  }

  #isKnown(authorization: string): boolean {
    const given = Buffer.from(authorization.replace(/^Bearer /, ''));
    return given.byteLength === this.#token.byteLength && timingSafeEqual(given, this.#token);
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function say(response: ServerResponse, status: number, problem: string): void {
  // What else the client is sending is not read.
  response.setHeader('Connection', 'close');
  send(response, status, { problem });
}

/** Null when there is more of it than an act has. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  let text = '';
  try {
    for await (const chunk of request.setEncoding('utf8')) {
      text += String(chunk);
      if (text.length > LIMITS.drillActBytesMax) return null;
    }
  } catch {
    // A client that left has no act.
    return '';
  }
  return text;
}

function isAddressInfo(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
