// The read-only HTTP listener of a node. Read-only is a property of the socket: whatever the path, only GET, HEAD
// and OPTIONS are answered (AP1). Slow and idle clients are bounded here, for all paths alike (AP19).

import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type { Door, DoorTls } from '../access/door.ts';
import type { Gate } from '../access/gate.ts';
import { httpDoor } from '../access/http-door.ts';
import type { Hub } from '../hub/hub.ts';
import type { Past } from '../hub/past.ts';
import type { SensorRegistry } from '../hub/sensor-registry.ts';
import type { Log } from '../kit/log.ts';
import type { Alert } from '../model/alert.ts';
import type { InboxEntry } from '../model/inbox-entry.ts';
import { LIMITS } from '../model/limits.ts';
import { PROBLEM_MEDIA_TYPE, PROBLEMS, type ProblemCode, problemOf } from '../model/problems.ts';
import type { RefusalView } from '../model/refusal-view.ts';
import type { SinkView } from '../model/sink-view.ts';
import { apiOf } from './api.ts';
import { Epoch } from './cursor.ts';
import { LiveFeed } from './live-feed.ts';
import { metricsText } from './metrics.ts';
import { OrderFeed } from './order-feed.ts';
import { STREAM_PATH } from './order-routes.ts';
import { type Pages, readPages, WEB_DIRECTORY } from './pages.ts';
import { ALLOWED_METHODS, problemHeaders } from './problem.ts';
import { queryProblem } from './query.ts';
import { Readers } from './readers.ts';
import { Sampler } from './sampler.ts';
import { liveQuery, streamQuery } from './schema.ts';
import { SitePulse } from './site-pulse.ts';
import { UpdateCursors } from './update-cursors.ts';
import { LIVE_PATH } from './v1-routes.ts';

export interface ReadApiOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly backlog: number;
  readonly site: string;
  readonly version: string;
  /** Peers are believed by their word, on a network; not so without it. */
  readonly insecure?: boolean;
  /** What the node still waits for before it counts as ready; nothing when it is. */
  readonly ready: () => readonly string[];
  /** A member heard of directly within this long is shown as `alive_direct`. */
  readonly evidenceRecentMs: number;
  /** The past in columns; null where the node keeps none. */
  readonly past: Past | null;
  /** What is known of sensors beyond their readings; null where the node keeps nothing of it. */
  readonly registry: SensorRegistry | null;
  /** Those that are known here. */
  readonly alerts: () => readonly Alert[];
  /** What the inputs refused. */
  readonly refusedInput: () => readonly RefusalView[];
  readonly inboxed: () => readonly InboxEntry[];
  /** Where the committed order is handed on to; nowhere without it. */
  readonly sinks?: () => readonly SinkView[];
  /** Between two comments on a live stream. */
  readonly heartbeatMs: number;
  /** Who may read. Everybody without it. */
  readonly gate?: Gate;
  /** Plain alone without it. */
  readonly tls?: DoorTls | null;
  /** Where the node keeps its data, to tell how much room there is. */
  readonly dataDirectory?: string;
  /** Where the node takes readings, as its pages tell people; nothing without it. */
  readonly ports?: { readonly ingest: number | null; readonly mqtt: number | null };
  /** Where the pages are; the package's own without it. */
  readonly webDirectory?: string;
}

/** How long a client may take to send its headers, to send all, and to stay silent on an open connection. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 15_000;
const SOCKET_IDLE_MS = 60_000;
/** An hour in as many samples as are kept. */
const SAMPLE_EVERY_MS = 2_000;
/** What is still being answered at `stop` has this long. */
const STOP_GRACE_MS = 300;

export class ReadApi {
  readonly #hub: Hub;
  readonly #log: Log;
  readonly #options: ReadApiOptions;
  readonly #server: Server;
  readonly #door: Door;
  readonly #readers: Readers | null;
  readonly #live: LiveFeed;
  readonly #stream: OrderFeed;
  readonly #sampler: Sampler;
  readonly #answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  readonly #factsByType = new Map<string, number>();
  readonly #requestsRefused = new Map<string, number>();
  readonly #unfollow: () => void;
  readonly #startedMs = performance.now();
  #requests = 0;

  static async start(hub: Hub, log: Log, options: ReadApiOptions): Promise<ReadApi> {
    const directory = options.webDirectory ?? WEB_DIRECTORY;
    const pages = await readPages(directory);
    const api = new ReadApi(hub, log, options, pages);
    await api.#listen();
    log.info('read API listening', { host: options.host, port: api.port });
    return api;
  }

  private constructor(hub: Hub, log: Log, options: ReadApiOptions, pages: Pages) {
    this.#hub = hub;
    this.#log = log;
    this.#options = options;
    const { site, version, heartbeatMs, evidenceRecentMs, ready, refusedInput, inboxed } = options;
    const { liveClientsMax: clientsMax, liveClientBytesMax: clientBytesMax } = LIMITS;
    const epoch = new Epoch(hub);
    const failed = (error: Error) =>
      log.error('read API failed to answer', { why: error.stack ?? error.message });
    this.#readers = options.gate === undefined ? null : new Readers(options.gate);
    const pulse = new SitePulse(hub);
    this.#live = new LiveFeed(hub, epoch, pulse, {
      registry: options.registry,
      site,
      version,
      clientsMax,
      clientBytesMax,
      heartbeatMs,
    });
    this.#stream = new OrderFeed(hub, { site, version, clientsMax, heartbeatMs, failed });
    this.#sampler = new Sampler(hub, {
      everyMs: SAMPLE_EVERY_MS,
      samplesMax: LIMITS.samplesKeptMax,
      sceneBytesMax: LIMITS.sceneBytesMax,
      sceneNodesMax: LIMITS.sceneNodesMax,
    });
    const api = apiOf({
      hub,
      epoch,
      cursors: new UpdateCursors(LIMITS.updateCursorsMax),
      pages,
      pulse,
      site,
      version,
      insecure: options.insecure ?? false,
      evidenceRecentMs,
      notReady: ready,
      refusedInput,
      past: options.past,
      registry: options.registry,
      alerts: options.alerts,
      inboxed,
      sinks: options.sinks ?? (() => []),
      sampler: this.#sampler,
      dataDirectory: options.dataDirectory ?? null,
      ports: options.ports ?? { ingest: null, mqtt: null },
      uptimeMs: () => Math.round(performance.now() - this.#startedMs),
      metrics: () => this.#metrics(),
      refused: (code) => this.#countRefusal(code),
      failed,
    });
    this.#answer = getRequestListener(api.fetch);
    this.#unfollow = hub.follow(({ fact }) => increment(this.#factsByType, fact.type));
    this.#server = this.#createServer();
    this.#door = httpDoor(this.#server, options.tls ?? null, (reason) =>
      increment(this.#requestsRefused, reason === 'silent' ? 'request-timeout' : reason),
    );
  }

  get port(): number {
    const address = this.#server.address();
    return isAddressInfo(address) ? address.port : 0;
  }

  /** Ends the live streams, lets what is being answered finish, and resolves when the port is free. */
  async stop(): Promise<void> {
    this.#unfollow();
    this.#readers?.stop();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#live.stop();
    this.#sampler.stop();
    this.#stream.stop();
    this.#door.stop();
    this.#server.closeIdleConnections();
    const grace = setTimeout(() => this.#server.closeAllConnections(), STOP_GRACE_MS);
    await closed;
    clearTimeout(grace);
  }

  async #listen(): Promise<void> {
    const { host, port, backlog } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.#server.on('error', (error) => this.#log.error('read API listener failed', { why: error.message }));
  }

  #createServer(): Server {
    const server = createServer(
      {
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: HEADERS_TIMEOUT_MS / 2,
        keepAliveTimeout: HEADERS_TIMEOUT_MS,
      },
      (request, response) => this.#receive(request, response),
    );
    server.maxConnections = LIMITS.apiConnectionsMax;
    server.timeout = SOCKET_IDLE_MS;
    // A client that waits for `100 Continue` is about to send a body, which nothing here wants.
    server.on('checkContinue', (request, response) => this.#receive(request, response));
    server.on('connect', (_request, socket) => this.#refuseRaw(socket, 'method-not-allowed', READ_ONLY));
    server.on('drop', () => this.#countRefusal('too-many-connections'));
    server.on('clientError', (error, socket) => this.#refuseUnreadable(error, socket));
    return server;
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    this.#requests++;
    for (const [name, value] of Object.entries(COMMON_HEADERS)) response.setHeader(name, value);

    const { method, url: target = '/' } = request;
    if (method === 'OPTIONS') {
      response.writeHead(204, OPTIONS_HEADERS).end();
      return;
    }
    if (method !== 'GET' && method !== 'HEAD') {
      // What else the client is sending is not read.
      response.setHeader('Connection', 'close');
      this.#refuse(response, 'method-not-allowed', READ_ONLY);
      return;
    }
    if (target.length > LIMITS.apiTargetBytesMax) {
      const what = `path and query have at most ${LIMITS.apiTargetBytesMax} bytes, got ${target.length}`;
      this.#refuse(response, 'target-too-long', what);
      return;
    }
    const [path, query = ''] = splitAtFirst(target, '?');
    const denied = this.#readers?.refusalOf(request, response, path) ?? null;
    if (denied !== null) this.#refuse(response, denied.code, denied.detail);
    else if (path === LIVE_PATH) this.#openLive(request, response, query);
    else if (path === STREAM_PATH) this.#openStream(request, response, query);
    else void this.#answer(request, response);
  }

  #openLive(request: IncomingMessage, response: ServerResponse, query: string): void {
    const asked = liveQuery.safeParse(parametersOf(query));
    if (!asked.success) {
      this.#refuse(response, 'bad-query', queryProblem(asked.error));
    } else if (this.#live.isFull) {
      this.#refuse(response, 'too-many-streams', TOO_MANY_STREAMS);
    } else {
      const { match = null, pulse } = asked.data;
      this.#live.open(request, response, match, pulse === 'true');
    }
  }

  #openStream(request: IncomingMessage, response: ServerResponse, query: string): void {
    const asked = streamQuery.safeParse(parametersOf(query));
    if (!asked.success) {
      this.#refuse(response, 'bad-query', queryProblem(asked.error));
    } else if (this.#stream.isFull) {
      this.#refuse(response, 'too-many-streams', TOO_MANY_STREAMS);
    } else {
      const { match = null, from = null } = asked.data;
      this.#stream.open(request, response, match, from);
    }
  }

  #refuse(response: ServerResponse, code: ProblemCode, detail: string): void {
    this.#countRefusal(code);
    response.writeHead(PROBLEMS[code].status, {
      'Content-Type': PROBLEM_MEDIA_TYPE,
      ...problemHeaders(code),
    });
    response.end(JSON.stringify(problemOf(code, detail)));
  }

  /** What the HTTP parser could not make sense of has no response object. */
  #refuseUnreadable(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (error.code === 'HPE_HEADER_OVERFLOW') {
      this.#refuseRaw(socket, 'headers-too-large', 'request line and headers have at most 16384 bytes');
    } else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      const what = `a request arrives within ${REQUEST_TIMEOUT_MS / 1_000} s, its headers within ${HEADERS_TIMEOUT_MS / 1_000} s`;
      this.#refuseRaw(socket, 'request-timeout', what);
    } else {
      this.#refuseRaw(socket, 'malformed-request', 'this listener speaks HTTP/1.1');
    }
  }

  #refuseRaw(socket: Duplex, code: ProblemCode, detail: string): void {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    this.#countRefusal(code);
    const { status } = PROBLEMS[code];
    const body = JSON.stringify(problemOf(code, detail));
    const headers = { ...COMMON_HEADERS, 'Content-Type': PROBLEM_MEDIA_TYPE, ...problemHeaders(code) };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const length = Buffer.byteLength(body);
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}Content-Length: ${length}\r\nConnection: close\r\n\r\n${body}`,
    );
  }

  #countRefusal(code: ProblemCode): void {
    increment(this.#requestsRefused, code);
  }

  #metrics() {
    return metricsText({
      hub: this.#hub,
      registry: this.#options.registry,
      sinks: this.#options.sinks?.() ?? [],
      site: this.#options.site,
      version: this.#options.version,
      factsByType: this.#factsByType,
      requestsRefused: this.#requestsRefused,
      requests: this.#requests,
      liveClients: this.#live.clients,
      liveClientsCut: this.#live.clientsCut,
      streamClients: this.#stream.clients,
      streamClientsCut: this.#stream.clientsCut,
    });
  }
}

const TOO_MANY_STREAMS = `at most ${LIMITS.liveClientsMax} streams of a kind are open at once`;
const READ_ONLY = `this listener is read-only: it answers ${ALLOWED_METHODS}`;

const COMMON_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers':
    'X-Next-Cursor, X-Cursor-Reset, X-Log-Group, X-Log-First, X-Log-Watermark, X-Log-Next',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
};

const OPTIONS_HEADERS = {
  Allow: ALLOWED_METHODS,
  'Access-Control-Allow-Methods': ALLOWED_METHODS,
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Max-Age': '86400',
};

function increment(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function splitAtFirst(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** A name given twice becomes a list, which no schema takes. */
function parametersOf(query: string): { [name: string]: string | string[] } {
  const parameters = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = parameters.get(name);
    parameters.set(name, before === undefined ? value : [before, value].flat());
  }
  return Object.fromEntries(parameters);
}

function isAddressInfo(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
