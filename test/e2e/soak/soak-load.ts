// The load of a soak: writers that post to random nodes, each reading with a number that its writer uses once, and a
// note of every answer, so that afterwards each reading can be looked for in the history.

import type { Random } from '../../../src/kit/random.ts';
import type { SiteNode } from '../site-node.ts';
import type { SoakSite } from './soak-site.ts';

/**
 * What was said of a reading. `refused`: it was surely not taken. `unknown`: no answer came, so it may be in the
 * history, once.
 */
export type Promised = 'committed' | 'stored' | 'refused' | 'unknown';

export interface Sent {
  readonly writer: number;
  /** One for each writer at each node. */
  readonly sensor: string;
  readonly value: number;
  readonly node: string;
  readonly promised: Promised;
  /** Its number at the node; null without an answer. */
  readonly n: number | null;
  /** How often the node had lost its directory when it was asked, and when it had answered. */
  readonly losses: readonly [number, number];
  /** In which order readings of its sensor were sent and answered. */
  readonly sentAt: number;
  readonly answeredAt: number;
}

const ANSWER_MS = 4_000;
const RETRY_MS = 300;
const RETRIES = 20;
const RETRIED_MAX = 64;
const NOBODY_MS = 50;
const BATCH_MAX = 4;

export class SoakLoad {
  readonly sent: Sent[] = [];
  /** When commits were answered, anywhere. */
  readonly #commitsMs: number[] = [];
  readonly #site: SoakSite;
  readonly #run: string;
  readonly #pauseMs: number;
  readonly #writers: readonly Promise<void>[];
  readonly #retries = new Set<Promise<void>>();
  #clock = 0;
  #stopped = false;

  constructor(site: SoakSite, random: Random, writers: number, pauseMs: number, run = 'soak') {
    this.#site = site;
    this.#run = run;
    this.#pauseMs = pauseMs;
    this.#writers = Array.from({ length: writers }, (_, at) => this.#write(at, random.fork()));
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#writers);
    await Promise.all(this.#retries);
  }

  /** When the first commit after that moment was answered; null when none was. */
  committedAfter(ms: number): number | null {
    return this.#commitsMs[this.#commitsMs.findLastIndex((atMs) => atMs <= ms) + 1] ?? null;
  }

  count(promised: Promised): number {
    return this.sent.filter((one) => one.promised === promised).length;
  }

  async #write(writer: number, random: Random): Promise<void> {
    let value = 1;
    while (!this.#stopped) {
      const { running } = this.#site;
      if (running.length === 0) {
        await pause(NOBODY_MS);
        continue;
      }
      const count = 1 + random.below(BATCH_MAX);
      await this.#send(random.pick(running), writer, value, count, random);
      value += count;
      await pause(random.between(0, 2 * this.#pauseMs));
    }
  }

  /** Half of those without an answer are asked again, as a client does that has given its request a key. */
  async #send(node: SiteNode, writer: number, first: number, count: number, random: Random): Promise<void> {
    const sensor = `${this.#run}/${writer}/${node.id}`;
    const ack = random.chance(0.5) ? 'committed' : 'stored';
    const key = random.chance(0.5) ? `${sensor}/${first}` : null;
    const request = { writer, sensor, first, count, ack, key } as const;
    const losses = this.#site.lossesOf(node.id);
    const sentAt = this.#clock++;
    const answer = await post(node, request);
    const asked = { node: node.id, request, losses, sentAt };
    if (answer.promised !== 'unknown' || key === null || this.#retries.size >= RETRIED_MAX) {
      this.#note(asked, answer);
      return;
    }
    const retry = this.#retry(asked).then((later) => {
      this.#note(asked, later);
      this.#retries.delete(retry);
    });
    this.#retries.add(retry);
  }

  /** The same node is asked, which alone knows the key, and not for longer than it has its directory. */
  async #retry({ node: id, request, losses }: Asked): Promise<Answered> {
    for (let again = 0; again < RETRIES && !this.#stopped; again++) {
      await pause(RETRY_MS);
      if (this.#site.lossesOf(id) !== losses) break;
      const node = this.#site.node(id);
      if (node === null || this.#site.isPaused(id)) continue;
      const answer = await post(node, request);
      // What the first request did is not known by a second one that was not taken.
      if (answer.promised === 'stored' || answer.promised === 'committed') return answer;
    }
    return { promised: 'unknown', firstN: null };
  }

  #note({ node, request, losses, sentAt }: Asked, { promised, firstN }: Answered): void {
    const { writer, sensor } = request;
    const answeredAt = this.#clock++;
    if (promised === 'committed') this.#commitsMs.push(performance.now());
    const times = {
      node,
      promised,
      losses: [losses, this.#site.lossesOf(node)],
      sentAt,
      answeredAt,
    } as const;
    for (let at = 0; at < request.count; at++) {
      const n = firstN === null ? null : firstN + at;
      this.sent.push({ writer, sensor, value: request.first + at, n, ...times });
    }
  }
}

interface Request {
  readonly writer: number;
  readonly sensor: string;
  readonly first: number;
  readonly count: number;
  readonly ack: 'stored' | 'committed';
  readonly key: string | null;
}

interface Asked {
  readonly node: string;
  readonly request: Request;
  readonly losses: number;
  readonly sentAt: number;
}

interface Answered {
  readonly promised: Promised;
  readonly firstN: number | null;
}

async function post(node: SiteNode, { sensor, first, count, ack, key }: Request): Promise<Answered> {
  const readings = Array.from({ length: count }, (_, at) => ({ sensor, value: first + at }));
  try {
    const response = await fetch(node.ingestUrl(`/ingest?ack=${ack}`), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key !== null && { 'idempotency-key': key }) },
      body: JSON.stringify(readings),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const answer = (await response.json()) as { ack?: 'stored' | 'committed'; first_n?: number };
    if (answer.ack !== undefined) return { promised: answer.ack, firstN: answer.first_n ?? null };
    // A node whose storage failed under the request does not know what its disk kept.
    const promised = response.status === 503 ? 'unknown' : 'refused';
    return { promised, firstN: null };
  } catch (error) {
    return { promised: isRefusedConnection(error) ? 'refused' : 'unknown', firstN: null };
  }
}

function isRefusedConnection(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : null;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}

export function pause(ms: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, ms));
}
