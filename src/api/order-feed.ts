// The stream of the committed order: server-sent events (WHATWG HTML §9.2) that a client resumes at any node, since
// an event's id is a place in the order and not in a node's memory. SPEC rules AP22-AP24.
//
// A client has no queue: it has the next sequence it wants, and is given more of the log whenever its socket takes
// more. Who takes too little is closed, and goes on where it was. Clients at one place share what is read there.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Hub } from '../hub/hub.ts';
import type { LogPage, LogReading } from '../hub/log-page.ts';
import { cursorText, parseCursor } from './group-cursor.ts';
import { logRow } from './log-row.ts';
import { type Match, matches } from './match.ts';
import { RETRY_MS, STREAM_HEADERS, sse } from './sse.ts';

export interface OrderFeedOptions {
  readonly site: string;
  readonly version: string;
  readonly clientsMax: number;
  readonly heartbeatMs: number;
  /** A client could not be served because the log could not be read. */
  readonly failed: (error: Error) => void;
}

interface Client {
  readonly response: ServerResponse;
  readonly match: Match | null;
  group: string | null;
  /** The sequence it is given next. */
  next: number;
  state: 'idle' | 'reading' | 'blocked';
  /** It was blocked at the last heartbeat already. */
  overdue: boolean;
}

const READINGS_PER_PAGE = 512;
const WRITE_BYTES = 65_536;
/** Pages that clients share; they are forgotten when the order goes on. */
const PAGES_MAX = 16;

export class OrderFeed {
  readonly #hub: Hub;
  readonly #options: OrderFeedOptions;
  readonly #clients = new Set<Client>();
  readonly #pages = new Map<number, Promise<LogPage>>();
  readonly #texts = new WeakMap<LogReading, string>();
  readonly #unfollow: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  #pumpPlanned = false;
  /** How often it was noticed that the order has gone on. */
  #goneOn = 0;
  #clientsCut = 0;

  constructor(hub: Hub, options: OrderFeedOptions) {
    this.#hub = hub;
    this.#options = options;
    this.#unfollow = hub.follow(({ fact }) => {
      if (fact.type === 'committed' && this.#clients.size > 0) this.#planPump();
    });
    this.#heartbeat = setInterval(() => this.#beat(), options.heartbeatMs).unref();
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Clients closed because they took too little. */
  get clientsCut(): number {
    return this.#clientsCut;
  }

  get isFull(): boolean {
    return this.#clients.size >= this.#options.clientsMax;
  }

  /** `from`: where to begin, for a client that does not say where it was; null: with what is committed next. */
  open(request: IncomingMessage, response: ServerResponse, match: Match | null, from: number | null): void {
    response.writeHead(200, STREAM_HEADERS);
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const { group, watermark } = this.#hub.order();
    const client: Client = {
      response,
      match,
      group,
      next: from ?? watermark + 1,
      state: 'idle',
      overdue: false,
    };
    this.#clients.add(client);
    response.on('close', () => this.#clients.delete(client));
    response.on('error', () => this.#clients.delete(client));
    response.on('drain', () => {
      if (client.state !== 'blocked') return;
      client.state = 'idle';
      client.overdue = false;
      void this.#pump(client);
    });

    const last = request.headers['last-event-id'];
    const reset = typeof last === 'string' && last !== '' && !this.#resume(client, last);
    const { site, version } = this.#options;
    const resumed = typeof last === 'string' && last !== '' && !reset;
    const hello = { node: this.#hub.self, site, version, group, watermark, next: client.next, resumed };
    this.#write(client, `retry: ${RETRY_MS}\n${sse('hello', hello, this.#place(client))}`);
    if (reset) this.#reset(client, `${last} is no place in the order that this node keeps`);
    else void this.#pump(client);
  }

  /** Ends all streams; their clients go on where they were, at whichever node they find. */
  stop(): void {
    this.#unfollow();
    clearInterval(this.#heartbeat);
    for (const client of this.#clients) client.response.end();
  }

  #resume(client: Client, last: string): boolean {
    const cursor = parseCursor(last);
    if (cursor === null || cursor.group !== client.group) return false;
    client.next = cursor.sequence + 1;
    return true;
  }

  /** What the client has seen is of another order: it is told so, and given this one from its beginning. (AP23) */
  #reset(client: Client, why: string): void {
    void this.#hub.log(1, 1).then(
      ({ group, first, watermark }) => {
        client.group = group;
        client.next = first;
        this.#write(client, sse('reset', { why, group, first, watermark }, this.#place(client)));
        void this.#pump(client);
      },
      (error: unknown) => this.#fail(client, error),
    );
  }

  /** Gives the client what there is for it, until it is up to date or takes no more. */
  async #pump(client: Client): Promise<void> {
    while (client.state === 'idle' && !client.response.destroyed) {
      client.state = 'reading';
      const asOf = this.#goneOn;
      let page: LogPage;
      try {
        page = await this.#pageAt(client.next);
      } catch (error) {
        this.#fail(client, error);
        return;
      }
      client.state = 'idle';
      if (page.group !== client.group) {
        this.#reset(client, 'this node keeps the order of another group');
        return;
      }
      if (page.first > client.next) {
        const gap = { from: client.next, to: page.first - 1 };
        client.next = page.first;
        this.#write(client, sse('gap', gap, this.#place(client)));
      }
      if (page.readings.length > 0) this.#writeReadings(client, page.readings);
      // What was committed while the page was being read has told nobody.
      else if (asOf === this.#goneOn) return;
    }
  }

  #writeReadings(client: Client, readings: readonly LogReading[]): void {
    let text = '';
    for (const reading of readings) {
      client.next = reading.sequence + 1;
      if (matches(client.match, reading.sensor)) text += this.#textOf(reading, client.group);
      if (text.length < WRITE_BYTES) continue;
      this.#write(client, text);
      text = '';
      if (client.state === 'blocked') return;
    }
    if (text !== '') this.#write(client, text);
  }

  #textOf(reading: LogReading, group: string | null): string {
    let text = this.#texts.get(reading);
    if (text === undefined) {
      text = sse('reading', logRow(reading), cursorText(group, reading.sequence));
      this.#texts.set(reading, text);
    }
    return text;
  }

  #pageAt(from: number): Promise<LogPage> {
    let page = this.#pages.get(from);
    if (page === undefined) {
      if (this.#pages.size >= PAGES_MAX) this.#pages.clear();
      page = this.#hub.log(from, READINGS_PER_PAGE);
      this.#pages.set(from, page);
    }
    return page;
  }

  #write(client: Client, text: string): void {
    if (client.response.destroyed) return;
    if (!client.response.write(text)) client.state = 'blocked';
  }

  /** The id of the last reading before the one that is next. */
  #place(client: Client): string {
    return cursorText(client.group, client.next - 1);
  }

  #planPump(): void {
    if (this.#pumpPlanned) return;
    this.#pumpPlanned = true;
    setImmediate(() => {
      this.#pumpPlanned = false;
      this.#pages.clear();
      this.#goneOn++;
      for (const client of this.#clients) void this.#pump(client);
    });
  }

  #beat(): void {
    for (const client of this.#clients) {
      if (client.state === 'blocked' && client.overdue) {
        this.#clientsCut++;
        this.#clients.delete(client);
        client.response.destroy();
        continue;
      }
      client.overdue = client.state === 'blocked';
      // The place rides along, so that a client whose sensors are quiet need not be given everything again.
      if (client.state === 'idle') this.#write(client, `: heartbeat\nid: ${this.#place(client)}\n\n`);
    }
    this.#planPump();
  }

  #fail(client: Client, error: unknown): void {
    this.#options.failed(error instanceof Error ? error : new Error(String(error)));
    this.#clients.delete(client);
    client.response.destroy();
  }
}
