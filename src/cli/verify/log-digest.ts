// The history of one node as hashes, computed here from the rows the node reads off its own disk: one hash for each
// block of sequences, so that a difference can be told where it is. SPEC rule CL13.

import { createHash, type Hash } from 'node:crypto';
import type { ApiClient, LogPage, LogRow } from '../api-client.ts';

export const BLOCK = 10_000;

export interface LogDigest {
  readonly group: string | null;
  readonly from: number;
  readonly to: number;
  /** By the first sequence of each block. */
  readonly blocks: ReadonlyMap<number, string>;
  /** Over all of it. */
  readonly whole: string;
  /** What contradicts itself: a sequence left out, a reading that stands twice. */
  readonly problems: readonly string[];
}

const PAGE = 10_000;
const PROBLEMS_MAX = 20;
const LOOKS = 50;
const LOOK_MS = 100;

/** `seen` is given every row, in order. */
export async function digestOf(
  client: ApiClient,
  from: number,
  to: number,
  seen: (row: LogRow) => void,
): Promise<LogDigest> {
  const sums = new BlockSums();
  const problems: string[] = [];
  const lastN = new Map<string, number>();
  let group: string | null = null;
  let next = from;
  while (next <= to) {
    const page = await deliveredPage(client, next, Math.min(PAGE, to - next + 1));
    group = page.group;
    if (page.readings.length === 0) {
      problems.push(`nothing can be read from ${next} on, though it is committed up to ${to}`);
      break;
    }
    for (const row of page.readings) {
      if (row.sequence !== next) note(problems, `${next} to ${row.sequence - 1} are missing`);
      next = row.sequence + 1;
      const producer = `${row.origin} ${row.identity}`;
      if (row.n <= (lastN.get(producer) ?? 0)) {
        note(
          problems,
          `${row.sequence}: reading ${row.n} of ${producer} stands there a second time, or late`,
        );
      }
      lastN.set(producer, row.n);
      sums.add(row);
      seen(row);
    }
  }
  return { group, from, to, ...sums.end(), problems };
}

/** What is committed reaches a node's own disk a moment after it is known to be. */
async function deliveredPage(client: ApiClient, from: number, limit: number): Promise<LogPage> {
  for (let look = 1; ; look++) {
    const page = await client.log(from, limit);
    if (page.readings.length > 0 || look === LOOKS) return page;
    await new Promise((resume) => setTimeout(resume, LOOK_MS));
  }
}

class BlockSums {
  readonly #blocks = new Map<number, string>();
  readonly #whole = createHash('sha256');
  #start = 0;
  #hash: Hash = createHash('sha256');

  add(row: LogRow): void {
    const start = blockOf(row.sequence);
    if (start !== this.#start) this.#close(start);
    const text = canonical(row);
    this.#hash.update(text);
    this.#whole.update(text);
  }

  end(): Pick<LogDigest, 'blocks' | 'whole'> {
    this.#close(0);
    return { blocks: this.#blocks, whole: this.#whole.digest('hex') };
  }

  #close(next: number): void {
    if (this.#start !== 0) this.#blocks.set(this.#start, this.#hash.digest('hex'));
    this.#start = next;
    this.#hash = createHash('sha256');
  }
}

/** The first sequence of the block that this one is in. */
export function blockOf(sequence: number): number {
  return sequence - ((sequence - 1) % BLOCK);
}

/** The first sequences at which two nodes have different rows, as far as they were both read. */
export async function firstDifference(
  one: ApiClient,
  other: ApiClient,
  block: number,
  to: number,
): Promise<{ readonly sequence: number; readonly rows: readonly [string, string] } | null> {
  const size = Math.min(BLOCK, to - block + 1);
  const [ones, others] = await Promise.all([one.log(block, size), other.log(block, size)]);
  for (let at = 0; at < size; at++) {
    const rows = [ones.readings[at], others.readings[at]].map((row) => (row ? canonical(row) : 'nothing'));
    const [a = '', b = ''] = rows;
    if (a !== b) return { sequence: block + at, rows: [a.trimEnd(), b.trimEnd()] };
  }
  return null;
}

function canonical({ sequence, sensor, origin, identity, n, ts_ms, value, unit }: LogRow): string {
  return `${JSON.stringify([sequence, sensor, origin, identity, n, ts_ms, value, unit])}\n`;
}

function note(problems: string[], problem: string): void {
  if (problems.length < PROBLEMS_MAX) problems.push(problem);
}
