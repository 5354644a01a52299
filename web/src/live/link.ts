// The page's connection to a node. When that node dies, or says nothing for a while, the page goes on with another
// one it knows of, and says so. SPEC rules AP20, UI2.
//
// A node counts as one of ours when it says the name and site that it was known by. The pulse comes every second, so
// silence is noticed as soon as an end.

import type { EventRow } from '../../../src/api/event-row.ts';
import type { LatestRow } from '../../../src/api/latest-row.ts';
import type { Health, Member, Pulse } from '../../../src/api/schema.ts';
import type { LiveHello as Hello, LiveForgotten } from '../../../src/api/stream-shapes.ts';
import { readEvents, type SentEvent } from './event-stream.ts';

export interface LinkTiming {
  /** How long a node may be silent. */
  readonly patienceMs: number;
  /** How long an asked node may take. */
  readonly probeMs: number;
  /** Between two attempts. */
  readonly againMs: number;
}

export const TIMING: LinkTiming = { patienceMs: 3_500, probeMs: 1_500, againMs: 1_000 };

export type LinkPhase = 'connecting' | 'live' | 'waiting' | 'searching' | 'alone' | 'paused';

export interface LinkState {
  readonly phase: LinkPhase;
  /** The node that is asked, or was last. */
  readonly node: string | null;
  /** Where it listens: `http://host:port` or `https://…`, or nothing for the node the page came from. */
  readonly base: string;
  /** The node the page came from. */
  readonly home: string | null;
  /** Since when it has not answered; null while it does. */
  readonly lostAt: number | null;
}

export interface LinkHandlers {
  hello(hello: Hello): void;
  /** Everything anew. */
  all(rows: readonly LatestRow[], events: readonly EventRow[]): void;
  readings(rows: readonly LatestRow[]): void;
  forgotten(sensor: string): void;
  fact(event: EventRow): void;
  pulse(pulse: Pulse): void;
  state(state: LinkState): void;
}

export class Link {
  readonly #handlers: LinkHandlers;
  readonly #timing: LinkTiming;
  /** Under which name this machine is reached, for nodes that advertise one the browser cannot reach. */
  readonly #hostname: string;
  #state: LinkState = { phase: 'connecting', node: null, base: '', home: null, lostAt: null };
  #homeBase = '';
  #site: string | null = null;
  #members: readonly Member[] = [];
  #lastEventId: string | null = null;
  #stop = new AbortController();
  #silence: ReturnType<typeof setTimeout> | undefined;
  /** What the stream brings while everything is read; it is newer, so it comes after. Null at other times. */
  #held: (() => void)[] | null = null;
  #isStopped = false;

  constructor(handlers: LinkHandlers, timing: LinkTiming, hostname: string) {
    this.#handlers = handlers;
    this.#timing = timing;
    this.#hostname = hostname;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** `base`: where the node listens; '' for the one the page came from. */
  start(base: string): void {
    this.#homeBase = base;
    this.#isStopped = false;
    this.#become({ base });
    void this.#run();
  }

  /** Takes nothing more until `resume`: nobody looks. */
  pause(): void {
    if (this.#isStopped) return;
    this.stop();
    this.#become({ phase: 'paused' });
  }

  resume(): void {
    if (this.#state.phase !== 'paused') return;
    this.#isStopped = false;
    this.#become({ phase: 'waiting', lostAt: null });
    void this.#run();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#silence);
    this.#stop.abort();
  }

  /** Goes on with this node from here on, as a person wants it. */
  moveTo(member: Member): void {
    this.#lastEventId = null;
    this.#become({ base: this.baseOf(member), node: member.id, phase: 'waiting', lostAt: null });
    this.#stop.abort();
  }

  /** Where the API of a member is, as this page may reach it. */
  baseOf({ self, host, api_port }: Member): string {
    return self ? this.#state.base : `${pageProtocol()}//${hostText(host)}:${api_port}`;
  }

  async #run(): Promise<void> {
    const { againMs, patienceMs } = this.#timing;
    while (!this.#isStopped) {
      await this.#listen();
      if (this.#isStopped) return;
      const lostAt = this.#state.lostAt ?? Date.now();
      const isGone = Date.now() - lostAt >= patienceMs;
      this.#become({ phase: isGone ? 'searching' : 'waiting', lostAt });
      // The same node first: it may only have closed the stream. Then the others.
      const base = (await this.#answers(this.#state.base, this.#state.node))
        ? this.#state.base
        : await this.#findAnother();
      if (this.#isStopped) return;
      if (base !== null) {
        if (base !== this.#state.base) this.#lastEventId = null;
        this.#become({ base });
        continue;
      }
      this.#become({ phase: 'alone' });
      await new Promise((again) => setTimeout(again, againMs));
    }
  }

  /** Until the stream ends, one way or the other. */
  async #listen(): Promise<void> {
    this.#stop = new AbortController();
    this.#expectWord();
    const url = `${this.#state.base}/api/v1/live?pulse=true`;
    try {
      await readEvents(url, this.#lastEventId, this.#stop.signal, (events) => this.#take(events));
    } catch {
      // Refused, broken, silent: all the same to those who look.
    }
    clearTimeout(this.#silence);
  }

  #expectWord(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#stop.abort(), this.#timing.patienceMs);
  }

  #take(events: readonly SentEvent[]): void {
    this.#expectWord();
    // Readings that come together are handed on together.
    let rows: LatestRow[] = [];
    const flush = () => {
      const portion = rows;
      if (portion.length > 0) this.#inOrder(() => this.#handlers.readings(portion));
      rows = [];
    };
    for (const { event, data, id } of events) {
      if (id !== null) this.#lastEventId = id;
      if (event === 'reading') {
        rows.push(JSON.parse(data));
        continue;
      }
      flush();
      this.#takeOne(event, data);
    }
    flush();
  }

  #takeOne(event: string, data: string): void {
    switch (event) {
      case 'hello':
        this.#hello(JSON.parse(data));
        return;
      case 'reset':
        void this.#readAll();
        return;
      case 'forgotten': {
        const { sensor }: LiveForgotten = JSON.parse(data);
        this.#inOrder(() => this.#handlers.forgotten(sensor));
        return;
      }
      case 'fact': {
        const row: EventRow = JSON.parse(data);
        this.#inOrder(() => this.#handlers.fact(row));
        return;
      }
      case 'pulse': {
        const pulse: Pulse = JSON.parse(data);
        this.#members = pulse.members;
        this.#handlers.pulse(pulse);
        return;
      }
    }
  }

  #hello(hello: Hello): void {
    this.#site ??= hello.site;
    this.#handlers.hello(hello);
    this.#become({ phase: 'live', node: hello.node, home: this.#state.home ?? hello.node, lostAt: null });
    if (!hello.resumed) void this.#readAll();
  }

  /** After the stream is open, so that no change falls between the two. */
  async #readAll(): Promise<void> {
    const held: (() => void)[] = [];
    this.#held = held;
    const { base } = this.#state;
    try {
      const [rows, events] = await Promise.all([
        this.#get<LatestRow[]>(`${base}/api/v1/latest`),
        this.#get<EventRow[]>(`${base}/api/v1/events?limit=500`),
      ]);
      if (held === this.#held && base === this.#state.base) this.#handlers.all(rows, events);
    } catch {
      // The stream notices when the node is gone; one that is only slow is asked again.
      if (held === this.#held && base === this.#state.base) {
        this.#lastEventId = null;
        this.#stop.abort();
      }
    }
    // Another reading of everything has begun meanwhile: it brings what this one held.
    if (held !== this.#held) return;
    this.#held = null;
    for (const handle of held) handle();
  }

  #inOrder(handle: () => void): void {
    if (this.#held === null) handle();
    else this.#held.push(handle);
  }

  async #get<T>(url: string): Promise<T> {
    const response = await fetch(url, { signal: AbortSignal.timeout(this.#timing.probeMs * 8) });
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
    return JSON.parse(await response.text());
  }

  /** All are asked at once; the first of the likely ones that answers is taken. */
  async #findAnother(): Promise<string | null> {
    const { node, base, home } = this.#state;
    const likely = this.#members
      .filter(({ id, api_port }) => api_port > 0 && id !== node)
      .sort((a, b) => Number(b.status === 'alive') - Number(a.status === 'alive'));
    const candidates = likely.flatMap(({ id, host, api_port }) =>
      [...new Set([hostText(host), hostText(this.#hostname)])].map((name) => ({
        base: `${pageProtocol()}//${name}:${api_port}`,
        node: id,
      })),
    );
    if (base !== this.#homeBase) candidates.push({ base: this.#homeBase, node: home ?? '' });
    const answers = await Promise.all(candidates.map((one) => this.#answers(one.base, one.node)));
    return candidates.find((_, at) => answers[at])?.base ?? null;
  }

  async #answers(base: string, node: string | null): Promise<boolean> {
    try {
      const response = await fetch(`${base}/healthz`, { signal: AbortSignal.timeout(this.#timing.probeMs) });
      const health: Health = JSON.parse(await response.text());
      return node === null || (health.node === node && health.site === this.#site);
    } catch {
      return false;
    }
  }

  #become(changed: Partial<LinkState>): void {
    this.#state = { ...this.#state, ...changed };
    this.#handlers.state(this.#state);
  }
}

/** A page that came by https asks no node without. */
function pageProtocol(): string {
  return typeof location === 'undefined' ? 'http:' : location.protocol;
}

function hostText(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
