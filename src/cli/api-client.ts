// Asks a node's read API: what the commands that show something know of it.

import { Failure } from './failure.ts';

const ANSWER_MS = 5_000;

export interface LatestRow {
  readonly sensor: string;
  readonly origin: string;
  readonly value: unknown;
  readonly ts_ms: number;
  readonly age_ms: number;
  readonly unit: string;
  readonly n: number;
  readonly commit: string;
  readonly stale: boolean;
  readonly flags: readonly string[];
}

export interface MemberRow {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly status: string;
  readonly phi: number | null;
  readonly incarnation: number;
  readonly self: boolean;
}

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

  members(): Promise<readonly MemberRow[]> {
    return this.#get('/api/v1/members');
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

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.#base + path, init);
    } catch (cause) {
      throw new Failure(`no node answers at ${this.#base}`, 1, { cause });
    }
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as { readonly detail?: string };
    throw new Failure(`${this.#base} answered ${response.status}: ${problem.detail ?? response.statusText}`);
  }
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
