// One node process of a site under test: what it prints, what its listeners answer, and how it ends.

import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

const READY_MS = 60_000;
const ANSWER_MS = 10_000;
const LINES_MAX = 20_000;
const ERRORS_MAX = 10_000;

export interface Ports {
  readonly port: number;
  readonly apiPort: number;
  readonly ingestPort: number;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** `/api/state` of one node: by global id, what it shows of each sensor. */
export interface State {
  readonly [globalId: string]: {
    readonly value: unknown;
    readonly ts_ms: number;
    readonly origin: string;
    readonly meta: { readonly unit: string; readonly period_ms: number };
  };
}

export interface Answer {
  readonly accepted: number;
  readonly rejected: readonly unknown[];
  readonly ack: string;
  readonly origin: string;
  readonly first_n: number;
}

export class SiteNode {
  readonly id: string;
  readonly ports: Ports;
  readonly child: ChildProcess;
  /** Its log, parsed; what it printed before it was `ready` as well. */
  readonly lines: LogLine[] = [];
  /** Standard error. */
  errors = '';
  readonly ready: Promise<void>;
  /** The exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly #host: string;

  /** `host`: where its API and input are asked. */
  constructor(id: string, host: string, ports: Ports, child: ChildProcess) {
    this.id = id;
    this.ports = ports;
    this.child = child;
    this.#host = host;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors = (this.errors + text).slice(-ERRORS_MAX);
    });
    this.exited = new Promise((resolve) => {
      child.once('error', () => resolve(null));
      child.once('close', resolve);
    });
    this.ready = this.#readyOrEnded();
    this.ready.catch(() => {});
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  url(path = ''): string {
    return `http://${this.#host}:${this.ports.apiPort}${path}`;
  }

  ingestUrl(path = ''): string {
    return `http://${this.#host}:${this.ports.ingestPort}${path}`;
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.url(path), { signal: AbortSignal.timeout(ANSWER_MS) });
    if (!response.ok) throw new Error(`${this.id} answered ${response.status} to ${path}`);
    return (await response.json()) as T;
  }

  async state(): Promise<State> {
    const state = await this.get<{ readonly [node: string]: State }>('/api/state');
    return state[this.id] ?? {};
  }

  /** Each other member's status in this node's eyes. */
  async statuses(): Promise<{ readonly [peer: string]: string }> {
    const { peers } = await this.get<{ peers: { peer_id: string; status: string }[] }>('/api/membership');
    return Object.fromEntries(peers.map((peer) => [peer.peer_id, peer.status]));
  }

  async counter(name: string): Promise<number> {
    const { metrics } = await this.get<{ metrics: { counters: { readonly [name: string]: number } } }>(
      '/api/introspection/metrics',
    );
    return metrics.counters[name] ?? 0;
  }

  post(readings: unknown, headers: { readonly [name: string]: string } = {}): Promise<Response> {
    return fetch(this.ingestUrl('/ingest'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(readings),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  }

  /** Readings that must be accepted, all of them. */
  async write(readings: unknown, headers: { readonly [name: string]: string } = {}): Promise<Answer> {
    const response = await this.post(readings, headers);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${this.id} answered ${response.status}: ${text}`);
    const answer = JSON.parse(text) as Answer;
    if (answer.rejected.length > 0) throw new Error(`${this.id} rejected some: ${text}`);
    return answer;
  }

  /** Resolves when the process has ended and all its output has been read. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    this.child.kill(signal);
    return this.exited;
  }

  #readyOrEnded(): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (why: string) => reject(new Error(`${this.id} ${why}\n${this.errors}`));
      const timer = setTimeout(() => failed(`was not ready within ${READY_MS} ms`), READY_MS);
      this.exited.then((code) => {
        clearTimeout(timer);
        failed(`ended with code ${code}`);
      });
      if (!this.child.stdout) return;
      createInterface({ input: this.child.stdout }).on('line', (text) => {
        const line = parse(text);
        if (this.lines.length < LINES_MAX) this.lines.push(line);
        if (line.msg !== 'ready') return;
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

function parse(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return { level: '', msg: text };
  }
}
