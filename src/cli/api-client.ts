// Asks a node's read API: what the commands that show something know of it.

import type { Value } from '../model/reading.ts';
import { askApi, type Asked as Request } from './ask-api.ts';
import { Failure } from './failure.ts';

const ANSWER_MS = 5_000;
const LONG_ANSWER_MS = 40_000;

export interface LatestRow {
  readonly sensor: string;
  readonly origin: string;
  readonly value: unknown;
  readonly ts_ms: number;
  readonly age_ms: number;
  readonly unit: string;
  readonly n: number;
  readonly commit: string;
  readonly sequence: number | null;
  readonly stale: boolean;
  readonly flags: readonly string[];
}

export interface MemberRow {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly api_port: number;
  readonly zone: string;
  readonly status: string;
  readonly phi: number | null;
  readonly incarnation: number;
  readonly self: boolean;
}

export interface LogRow {
  readonly sequence: number;
  readonly sensor: string;
  readonly origin: string;
  readonly identity: string;
  readonly n: number;
  readonly ts_ms: number;
  readonly ingest_ts_ms: number;
  readonly value: Value;
  readonly unit: string;
  readonly flags: readonly string[];
}

export interface LogPage {
  readonly group: string | null;
  readonly first: number;
  readonly watermark: number;
  readonly next: number;
  readonly readings: readonly LogRow[];
}

export interface ViewRow {
  readonly group: string | null;
  readonly view_id: number;
  readonly leader: string | null;
  readonly ballot: { readonly round: number; readonly peer: string } | null;
  readonly voters: readonly string[];
  readonly learners: readonly string[];
  readonly present: readonly string[];
  readonly quorum: boolean;
  readonly watermark: number;
  readonly outbox: number;
}

export interface SensorRow {
  readonly sensor: string;
  readonly name: string;
  readonly group: string;
  readonly labels: { readonly [label: string]: string };
  readonly kind: string;
  readonly unit: string;
  readonly origins: readonly string[];
  readonly cadence_ms: number | null;
  readonly stale: boolean;
  readonly last_seen_ms: number;
}

export interface AlertRow {
  readonly rule: string;
  readonly sensor: string;
  readonly severity: string;
  readonly state: string;
  readonly turn: number;
  readonly changed_ts_ms: number;
  readonly text: string;
  readonly told: readonly string[];
}

export interface SinkRow {
  readonly name: string;
  readonly type: string;
  readonly target: string;
  readonly state: string;
  readonly group: string | null;
  readonly sequence: number;
  readonly lag_readings: number;
  readonly lag_ms: number;
  readonly readings: number;
  readonly batches: number;
  readonly failures: number;
  readonly missed: number;
  readonly last_error: string;
}

/** A step of one sensor's past, or of one field of it. */
export interface PastRow {
  readonly ts_ms: number;
  readonly field?: string;
  readonly count: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly avg: number | null;
  readonly last: unknown;
}

export interface AuditRow {
  readonly sequence: number;
  readonly ts_ms: number;
  readonly node: string;
  readonly act: string;
  readonly subject: string;
  readonly by: string;
  readonly detail: string;
}

type Asked = { readonly [parameter: string]: string | undefined };

export interface ServerEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

export class ApiClient {
  readonly #base: string;

  constructor(base: string) {
    if (!/^https?:\/\/[^/]+\/?$/.test(base)) {
      throw new Failure(`--node is a URL like http://127.0.0.1:10000, got ${JSON.stringify(base)}`, 2);
    }
    this.#base = base.replace(/\/$/, '');
  }

  latest(match?: string): Promise<readonly LatestRow[]> {
    return this.#get(`/api/v1/latest${match === undefined ? '' : `?match=${encodeURIComponent(match)}`}`);
  }

  sensors(asked: Asked): Promise<readonly SensorRow[]> {
    return this.#get(`/api/v1/sensors?${queryOf(asked)}`);
  }

  alerts(asked: Asked): Promise<readonly AlertRow[]> {
    return this.#get(`/api/v1/alerts?${queryOf(asked)}`);
  }

  health(): Promise<{ readonly insecure: boolean }> {
    return this.#get('/healthz');
  }

  members(): Promise<readonly MemberRow[]> {
    return this.#get('/api/v1/members');
  }

  view(): Promise<ViewRow> {
    return this.#get('/api/v1/view');
  }

  log(from: number, limit: number): Promise<LogPage> {
    return this.#get(`/api/v1/log?from=${from}&limit=${limit}`);
  }

  audit(limit: string): Promise<readonly AuditRow[]> {
    return this.#get(`/api/v1/audit?${queryOf({ limit })}`);
  }

  sinks(): Promise<readonly SinkRow[]> {
    return this.#get('/api/v1/sinks');
  }

  history(asked: Asked): Promise<readonly PastRow[]> {
    return this.#get(`/api/v1/history?${queryOf(asked)}`);
  }

  async historyText(asked: Asked): Promise<string> {
    const init = { signal: AbortSignal.timeout(LONG_ANSWER_MS) };
    return (await this.#fetch(`/api/v1/history?${queryOf(asked)}`, init)).text();
  }

  /** A metric without labels; 0 where the node does not tell it. */
  async metric(name: string): Promise<number> {
    const response = await this.#fetch('/metrics', { signal: AbortSignal.timeout(ANSWER_MS) });
    const line = (await response.text()).split('\n').find((one) => one.startsWith(`${name} `));
    return Number(line?.slice(name.length) ?? 0);
  }

  /** Calls for each event until the node ends the stream. */
  async follow(path: string, heard: (event: ServerEvent) => void): Promise<void> {
    const response = await this.#fetch(path, {});
    if (response.body === null) return;
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event !== null) heard(event);
      }
    }
  }

  async #get<T>(path: string): Promise<T> {
    const response = await this.#fetch(path, { signal: AbortSignal.timeout(ANSWER_MS) });
    return (await response.json()) as T;
  }

  async #fetch(path: string, init: Request): Promise<Response> {
    let response: Response;
    try {
      // A token of a reader, where the node asks for one.
      const { SENSORIUM_TOKEN: token } = process.env;
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      response = await askApi(this.#base + path, { headers, ...init });
    } catch (cause) {
      if (cause instanceof Failure) throw cause;
      throw new Failure(`no node answers at ${this.#base}`, 1, { cause });
    }
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as { readonly detail?: string };
    throw new Failure(`${this.#base} answered ${response.status}: ${problem.detail ?? response.statusText}`);
  }
}

function queryOf(asked: Asked): string {
  const query = new URLSearchParams();
  for (const [name, text] of Object.entries(asked)) if (text !== undefined) query.set(name, text);
  return query.toString();
}

function parseEvent(block: string): ServerEvent | null {
  let event = 'message';
  let id = '';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) event = line.slice(6).trim();
    else if (line.startsWith('id:')) id = line.slice(3).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
  }
  return data.length === 0 ? null : { event, id, data: data.join('\n') };
}
