// HTTP ingest: devices and programs send readings straight to this node, on a listener of its own, so that the API
// stays read-only. Here are the listener and its bounds; what is done with a request its inputs say.
// SPEC rules IN7, IN8, IN12, TR18.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ANONYMOUS } from '../../access/caller.ts';
import { credentialsOfHttp } from '../../access/credentials.ts';
import { type Door, type DoorTls, isSecured } from '../../access/door.ts';
import type { Gate } from '../../access/gate.ts';
import { httpDoor } from '../../access/http-door.ts';
import { must } from '../../kit/assert.ts';
import type { Log } from '../../kit/log.ts';
import type { Refusals } from '../refusals.ts';
import { type Answer, refusalAnswer, textAnswer } from './answer.ts';
import { announcesTooMuch } from './body.ts';
import { type HttpInput, notAllowed, type Target } from './http-input.ts';
import { type Refusal, shown } from './refusal.ts';

export interface HttpIngestOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly connectionsMax: number;
  /** How long a request may take to arrive, headers and body. */
  readonly requestTimeoutMs: number;
  readonly refusals: Refusals;
  readonly gate: Gate;
  /** Plain alone without it. */
  readonly tls?: DoorTls | null;
}

/** How long requests in flight may take to be answered when the listener stops: a node stops within 2 s. (HO4) */
const STOP_GRACE_MS = 500;
const ABOUT = `This is the HTTP input of a Sensorium node.

POST /ingest takes one reading, a list of them, or one a line (NDJSON), with any content type, also gzip:
  {"sensor": "bed1/temperature", "value": 21.5, "ts": 1700000000000, "unit": "Cel"}
The value is a number, true or false, a string, or a flat record of those; ts (ms) and unit may be left out.

POST /write and /api/v2/write take the line protocol of InfluxDB, /api/v1/write takes Prometheus' remote write,
/v1/metrics takes OpenTelemetry's metrics (OTLP/HTTP, JSON and protobuf).
`;
const PAGES: { readonly [path: string]: string } = { '/': ABOUT, '/healthz': 'ok\n' };
const READ = ['GET', 'HEAD'];

export class HttpIngest {
  readonly #options: HttpIngestOptions;
  readonly #inputs: readonly HttpInput[];
  readonly #server: Server;
  readonly #door: Door;
  /** Open connections, and how many requests of each are not answered yet. */
  readonly #connections = new Map<Socket, number>();
  #stopping = false;
  #requests = 0;

  private constructor(options: HttpIngestOptions, inputs: readonly HttpInput[]) {
    this.#options = options;
    this.#inputs = inputs;
    this.#server = createServer({
      requestTimeout: options.requestTimeoutMs,
      headersTimeout: options.requestTimeoutMs,
      connectionsCheckingInterval: Math.max(50, Math.floor(options.requestTimeoutMs / 4)),
    });
    this.#server.maxConnections = options.connectionsMax;
    this.#server.on('connection', (socket) => {
      this.#connections.set(socket, 0);
      socket.on('close', () => this.#connections.delete(socket));
    });
    this.#server.on('request', (request, response) => this.#serve(request, response));
    this.#server.on('checkContinue', (request, response) => {
      // Who asks first need not send what would be refused, and the connection ends with the refusal.
      if (announcesTooMuch(request)) response.shouldKeepAlive = false;
      else response.writeContinue();
      this.#serve(request, response);
    });
    this.#server.on('clientError', (error, socket) => this.#refuseConnection(error, socket));
    this.#server.on('drop', () => this.#count('too-many-connections', 'the connections are at their bound'));
    this.#door = httpDoor(this.#server, options.tls ?? null, (reason, why) =>
      this.#count(reason === 'silent' ? 'request-timeout' : reason, why),
    );
  }

  static async start(
    log: Log,
    options: HttpIngestOptions,
    inputs: readonly HttpInput[],
  ): Promise<HttpIngest> {
    const ingest = new HttpIngest(options, inputs);
    ingest.#server.listen(options.port, options.host);
    await once(ingest.#server, 'listening');
    ingest.#server.on('error', (error) => log.error('HTTP ingest listener failed', { why: error.message }));
    log.info('HTTP ingest listening', { host: options.host, port: ingest.port });
    return ingest;
  }

  get port(): number {
    const address = must(this.#server.address(), 'a listening server has an address');
    return typeof address === 'string' ? 0 : address.port;
  }

  counters(): { readonly [name: string]: number } {
    const counters = this.#inputs.map((input) => input.counters());
    return Object.assign({ http_ingest_requests_total: this.#requests }, ...counters);
  }

  /** Resolves once requests in flight are answered and every connection is closed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#door.stop();
    for (const [socket, unanswered] of this.#connections) if (unanswered === 0) socket.destroy();
    const giveUp = setTimeout(() => this.#server.closeAllConnections(), STOP_GRACE_MS);
    await closed;
    clearTimeout(giveUp);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#requests++;
    this.#countUnanswered(request.socket, 1);
    response.on('close', () => this.#countUnanswered(request.socket, -1));
    const answer = await this.#route(request);
    if (response.destroyed) return;

    if (this.#stopping) response.shouldKeepAlive = false;
    response.writeHead(answer.status, {
      ...(answer.type !== '' && {
        'content-type': answer.type,
        'content-length': Buffer.byteLength(answer.body),
      }),
      ...answer.headers,
    });
    response.end(answer.body);
  }

  #route(request: IncomingMessage): Answer | Promise<Answer> {
    const target = targetOf(request);
    const { path } = target;
    const { method = '' } = request;
    const page = PAGES[path];
    if (page !== undefined) {
      return READ.includes(method) ? textAnswer(page) : this.#refuse(notAllowed(method, path, READ));
    }
    for (const input of this.#inputs) {
      const allowed = input.methods[path];
      if (allowed?.includes(method)) return this.#admit(request, target, input);
      if (allowed !== undefined) return this.#refuse(notAllowed(method, path, allowed));
    }
    return this.#refuse(notFound(path));
  }

  /** Who asks is known before a byte of the body is read. (AC3) */
  #admit(request: IncomingMessage, target: Target, input: HttpInput): Answer | Promise<Answer> {
    const { socket, headers, method = '' } = request;
    // What only asks for a version or for health is answered to anybody.
    if (READ.includes(method)) return input.answer(request, target, ANONYMOUS);
    const shown = credentialsOfHttp(headers.authorization, target.query);
    const from = {
      address: socket.remoteAddress,
      origin: headers.origin,
      isSecured: isSecured(socket),
    };
    const entered = this.#options.gate.enter('ingest', shown, from);
    if (entered.ok) return input.answer(request, target, entered.value);
    const { code, detail } = entered.problem;
    const wanted = code === 'unauthorized' && { headers: { 'www-authenticate': 'Bearer realm="sensorium"' } };
    return this.#refuse({ code, detail, ...wanted });
  }

  /** What never became a request: the parser gave up, or the client was too slow. */
  #refuseConnection(error: Error, socket: Duplex): void {
    const refusal = connectionRefusal('code' in error ? String(error.code) : '');
    const { status, type, body } = this.#refuse(refusal);
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const head = [
      `HTTP/1.1 ${status} ${refusal.code}`,
      'Connection: close',
      `Content-Type: ${type}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  }

  #countUnanswered(socket: Socket, change: number): void {
    const unanswered = this.#connections.get(socket);
    if (unanswered !== undefined) this.#connections.set(socket, unanswered + change);
  }

  #refuse(refusal: Refusal): Answer {
    this.#count(refusal.code, refusal.detail);
    return refusalAnswer(refusal);
  }

  #count(reason: string, why: string): void {
    this.#options.refusals.add({ input: 'http', reason, why, payload: '', count: 1 });
  }
}

function targetOf(request: IncomingMessage): Target {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  if (mark < 0) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark + 1)) };
}

function notFound(path: string): Refusal {
  return { code: 'not-found', detail: `nothing is at ${shown(path)}; GET / says what is here` };
}

function connectionRefusal(code: string): Refusal {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { code: 'request-timeout', detail: 'the request did not arrive in time' };
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { code: 'headers-too-large', detail: 'the headers have at most 16384 bytes' };
  }
  return { code: 'malformed-request', detail: 'this is not an HTTP/1.1 request' };
}
