// What the tests of the API share: a hub in memory behind a real listener, and a reader of live streams.

import { type IncomingMessage, request } from 'node:http';
import { onTestFinished } from 'vitest';
import { MemoryHub } from '../hub/memory-hub.ts';
import { must } from '../kit/assert.ts';
import { silentLog } from '../kit/testing.ts';
import { type PeerId, parsePeerId, parseSensorId, type SensorId } from '../model/ids.ts';
import type { Value } from '../model/reading.ts';
import type { MemberView } from '../model/view.ts';
import { ReadApi, type ReadApiOptions } from './read-api.ts';

export const ann = peerId('ann');
export const bob = peerId('bob');
export const cat = peerId('cat');
export const dan = peerId('dan');

export interface RunningApi {
  readonly hub: MemoryHub;
  readonly api: ReadApi;
  readonly base: string;
  get(path: string, init?: RequestInit): Promise<Response>;
  say(
    sensor: string,
    value: Value,
    meta?: { unit?: string; periodMs?: number; tsMs?: number },
  ): Promise<void>;
}

export async function apiOn(
  options: Partial<ReadApiOptions> & { readonly self?: PeerId; readonly changesKept?: number } = {},
): Promise<RunningApi> {
  const { self = ann, changesKept = 4_096, ...given } = options;
  const hub = new MemoryHub({ self, wallMs: Date.now, changesKept });
  const api = await ReadApi.start(hub, silentLog, { ...OPTIONS, ...given });
  onTestFinished(() => api.stop());
  const base = `http://127.0.0.1:${api.port}`;
  return {
    hub,
    api,
    base,
    get: (path, init) => fetch(base + path, init),
    say: async (sensor, value, meta) => {
      await hub.submit([{ sensor: sensorId(sensor), value, ...meta }], 'stored');
    },
  };
}

const OPTIONS: ReadApiOptions = {
  host: '127.0.0.1',
  port: 0,
  backlog: 128,
  site: 'hall',
  version: '0.1.0',
  ready: () => [],
  evidenceRecentMs: 10_000,
  heartbeatMs: 15_000,
  refusedInput: () => [],
  past: null,
  registry: null,
  alerts: () => [],
  inboxed: () => [],
};

export interface SentEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

/** A client of a live stream that keeps what it is sent. */
export class LiveClient {
  readonly #response: IncomingMessage;
  readonly #waiting = new Set<() => void>();
  #rest = '';
  #lastId = '';
  readonly events: SentEvent[] = [];
  comments = 0;
  ended = false;

  static async open(url: string, lastEventId?: string): Promise<LiveClient> {
    const headers = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
    const asked = request(url, { headers, agent: false }).end();
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      asked.on('response', resolve);
      asked.on('error', reject);
    });
    onTestFinished(() => void response.destroy());
    return new LiveClient(response);
  }

  private constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#take(text));
    response.on('close', () => {
      this.ended = true;
      this.#wake();
    });
    response.on('error', () => {});
  }

  get status(): number {
    return must(this.#response.statusCode, 'a response has a status');
  }

  get lastId(): string {
    return this.#lastId;
  }

  of(event: string): SentEvent[] {
    return this.events.filter((sent) => sent.event === event);
  }

  /** Takes nothing more from its socket, until `resume`. */
  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  close(): void {
    this.#response.destroy();
  }

  /** Resolves as soon as the condition holds. */
  async until(condition: () => boolean, withinMs = 20_000): Promise<void> {
    const endMs = Date.now() + withinMs;
    while (!condition()) {
      const leftMs = endMs - Date.now();
      if (leftMs <= 0) throw new Error(`not within ${withinMs} ms; ${this.events.length} events so far`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #take(text: string): void {
    this.#rest += text;
    const blocks = this.#rest.split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) this.#takeBlock(block);
    this.#wake();
  }

  #takeBlock(block: string): void {
    let event = 'message';
    let data = '';
    for (const line of block.split('\n')) {
      if (line.startsWith('id: ')) this.#lastId = line.slice(4);
      else if (line.startsWith('event: ')) event = line.slice(7);
      else if (line.startsWith('data: ')) data = line.slice(6);
      else if (line.startsWith(':')) this.comments++;
    }
    if (data !== '') this.events.push({ id: this.#lastId, event, data: JSON.parse(data) });
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

export function memberOf(peer: PeerId, given: Partial<MemberView> = {}): MemberView {
  return {
    peer,
    self: false,
    identity: { birth: 1, random: 'fedcba9876543210' },
    incarnation: 3,
    address: { host: '10.0.0.2', port: 9_000 },
    apiPort: 10_000,
    zone: '',
    status: 'alive',
    statusSinceMs: 1_000,
    phi: 0.5,
    samples: 12,
    sampleWindow: 128,
    lastDirectMs: Date.now(),
    lastEvidenceMs: Date.now(),
    lastEvidenceSource: 'ping',
    directStatus: 'alive',
    linked: true,
    clockOffsetMs: 0,
    roundTripMs: 0.4,
    ...given,
  };
}

export function peerId(text: string): PeerId {
  const parsed = parsePeerId(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

export function sensorId(text: string): SensorId {
  const parsed = parseSensorId(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}
