// The live stream: server-sent events (WHATWG HTML §9.2) of what changes at this node, over the bare response,
// because only the socket knows how much its client has not taken yet. SPEC rules AP11-AP14.
//
// A client has no queue of its own. It has a cursor into the ring of changes and is given more whenever its
// socket takes more, so a slow one costs nothing and finds the ring gone on: it is told `reset`. Facts are not in
// the ring; they are pushed, and who leaves too many of them unread is cut off.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Change, Hub, TimedFact } from '../hub/hub.ts';
import type { SensorRegistry } from '../hub/sensor-registry.ts';
import type { Epoch } from './cursor.ts';
import { eventRow } from './event.ts';
import { latestRow, type Staleness, stalenessOf } from './latest-row.ts';
import { type Match, matches } from './match.ts';
import { PULSE_MS, type SitePulse } from './site-pulse.ts';
import { RETRY_MS, STREAM_HEADERS, sse } from './sse.ts';

export interface LiveFeedOptions {
  /** Who knows when a sensor is overdue; null where nobody does. */
  readonly registry?: SensorRegistry | null;
  readonly site: string;
  readonly version: string;
  readonly clientsMax: number;
  readonly clientBytesMax: number;
  readonly heartbeatMs: number;
}

interface Client {
  readonly response: ServerResponse;
  readonly match: Match | null;
  readonly wantsPulse: boolean;
  /** The last change that was written to it or left out by its match. */
  cursor: number;
  /** Its socket takes no more for the time being. */
  blocked: boolean;
  /** It was blocked at the last heartbeat already. */
  overdue: boolean;
}

const CHANGES_PER_LOOK = 128;
/** After so many changes of one moment all are written at once, before the ring runs over them. */
const CHANGES_PER_BURST = 512;
/** What is written at once; the socket's own buffer is about as large. */
const WRITE_BYTES = 32_768;

export class LiveFeed {
  readonly #hub: Hub;
  readonly #epoch: Epoch;
  readonly #options: LiveFeedOptions;
  readonly #pulse: SitePulse;
  readonly #clients = new Set<Client>();
  readonly #unfollow: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  readonly #pulseTimer: NodeJS.Timeout;
  #pumpPlanned = false;
  /** Changes since all clients were given what there was. */
  #unpumped = 0;
  #clientsCut = 0;

  constructor(hub: Hub, epoch: Epoch, pulse: SitePulse, options: LiveFeedOptions) {
    this.#hub = hub;
    this.#epoch = epoch;
    this.#pulse = pulse;
    this.#options = options;
    this.#unfollow = hub.follow((fact) => this.#announce(fact));
    this.#heartbeat = setInterval(() => this.#beat(), options.heartbeatMs).unref();
    this.#pulseTimer = setInterval(() => this.#tellPulse(), PULSE_MS).unref();
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

  open(request: IncomingMessage, response: ServerResponse, match: Match | null, wantsPulse = false): void {
    response.writeHead(200, STREAM_HEADERS);
    if (request.method === 'HEAD') {
      response.end();
      return;
    }

    const { newestChange } = this.#hub.replication();
    const resumeFrom = this.#resumeFrom(request);
    const client: Client = {
      response,
      match,
      wantsPulse,
      cursor: resumeFrom ?? newestChange,
      blocked: false,
      overdue: false,
    };
    this.#clients.add(client);
    response.on('close', () => this.#clients.delete(client));
    response.on('error', () => this.#clients.delete(client));

    const { site, version } = this.#options;
    const resumed = resumeFrom !== null && !this.#hub.changes(resumeFrom, 0).reset;
    const hello = { node: this.#hub.self, site, version, resumed };
    const id = resumed || resumeFrom === null ? client.cursor : newestChange;
    this.#write(client, `retry: ${RETRY_MS}\n${sse('hello', hello, this.#epoch.text(id))}`);
    if (wantsPulse) this.#write(client, sse('pulse', this.#pulse.row(), null));
    this.#pump(client, this.#formatter());
  }

  /** Ends all streams; their clients come back to whoever listens then. */
  stop(): void {
    this.#unfollow();
    clearInterval(this.#heartbeat);
    clearInterval(this.#pulseTimer);
    for (const client of this.#clients) client.response.end();
  }

  /** Null for a client that is new here. */
  #resumeFrom(request: IncomingMessage): number | null {
    const last = request.headers['last-event-id'];
    return typeof last === 'string' && last !== '' ? this.#epoch.read(last) : null;
  }

  #announce(timed: TimedFact): void {
    if (this.#clients.size === 0) return;
    if (timed.fact.type === 'registers-changed') this.#unpumped += timed.fact.records.length;
    if (this.#unpumped >= CHANGES_PER_BURST) this.#pumpAll();
    else this.#planPump();
    const row = eventRow(timed, this.#hub.self);
    if (row === null) return;
    const text = sse('fact', row, null);
    for (const client of this.#clients) this.#write(client, text);
  }

  /** Many changes of one moment are looked up and written together. */
  #planPump(): void {
    if (this.#pumpPlanned) return;
    this.#pumpPlanned = true;
    setImmediate(() => {
      this.#pumpPlanned = false;
      this.#pumpAll();
    });
  }

  #pumpAll(): void {
    this.#unpumped = 0;
    const format = this.#formatter();
    for (const client of this.#clients) this.#pump(client, format);
  }

  /** Gives the client what the ring has for it, until it is up to date or takes no more. */
  #pump(client: Client, format: (change: Change) => string): void {
    while (!client.blocked && !client.response.destroyed) {
      const page = this.#hub.changes(client.cursor, CHANGES_PER_LOOK);
      if (page.reset) {
        client.cursor = page.cursor;
        const why = 'what came after the last event is not kept any more: read everything anew';
        this.#write(client, sse('reset', { why }, this.#epoch.text(page.cursor)));
        continue;
      }
      if (page.changes.length === 0) return;
      this.#writeChanges(client, page.changes, format);
    }
  }

  #writeChanges(client: Client, changes: readonly Change[], format: (change: Change) => string): void {
    let text = '';
    for (const change of changes) {
      client.cursor = change.cursor;
      if (matches(client.match, change.sensor)) text += format(change);
      if (text.length < WRITE_BYTES) continue;
      this.#write(client, text);
      text = '';
      if (client.blocked) return;
    }
    if (text !== '') this.#write(client, text);
  }

  #write(client: Client, text: string): void {
    const { response } = client;
    if (response.writableLength > this.#options.clientBytesMax) {
      this.#cut(client);
      return;
    }
    if (response.write(text) || client.blocked) return;
    client.blocked = true;
    response.once('drain', () => {
      client.blocked = false;
      client.overdue = false;
      this.#pump(client, this.#formatter());
    });
  }

  /** One that takes nothing at the moment is told the next one instead. (AP28) */
  #tellPulse(): void {
    this.#pulse.look();
    const wanting = [...this.#clients].filter(({ wantsPulse, blocked }) => wantsPulse && !blocked);
    if (wanting.length === 0) return;
    const text = sse('pulse', this.#pulse.row(), null);
    for (const client of wanting) this.#write(client, text);
  }

  #beat(): void {
    for (const client of this.#clients) {
      if (client.blocked && client.overdue) {
        this.#cut(client);
        continue;
      }
      client.overdue = client.blocked;
      // The id rides along, so that a client whose sensors are quiet does not fall behind the ring.
      if (!client.blocked) this.#write(client, `: heartbeat\nid: ${this.#epoch.text(client.cursor)}\n\n`);
    }
    this.#planPump();
  }

  #cut(client: Client): void {
    this.#clientsCut++;
    this.#clients.delete(client);
    client.response.destroy();
  }

  /** Formats each change once, however many clients are given it in this turn. */
  #formatter(): (change: Change) => string {
    const nowMs = Date.now();
    const done = new Map<number, string>();
    let staleness: Staleness | null = null;
    return (change) => {
      let text = done.get(change.cursor);
      if (text === undefined) {
        staleness ??= stalenessOf(this.#hub, this.#options.registry ?? null);
        text = this.#changeText(change, nowMs, staleness);
        if (this.#clients.size > 1) done.set(change.cursor, text);
      }
      return text;
    };
  }

  #changeText({ cursor, sensor, latest }: Change, nowMs: number, staleness: Staleness): string {
    const id = this.#epoch.text(cursor);
    return latest === null
      ? sse('forgotten', { sensor }, id)
      : sse('reading', latestRow(latest, this.#hub.commitOf(latest), nowMs, staleness), id);
  }
}
