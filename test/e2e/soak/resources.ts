// What the processes of a soak hold over time: memory, open files, what keeps the event loop going (timers, sockets),
// and disk beside the history, which grows with the readings. What grows in the second half of a life leaks. SPEC rule
// WS21.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SiteNode } from '../site-node.ts';

export interface Held {
  readonly rssMb: number;
  readonly files: number;
  readonly active: number;
  readonly diskMb: number;
}

/** What a process held in the second and in the last quarter of its life, in the middle of each. */
export interface Drift {
  readonly node: string;
  readonly early: Held;
  readonly late: Held;
  /** What grew by more than is allowed. */
  readonly grown: readonly (keyof Held)[];
}

/** By how much each may grow: a share, and something on top. Memory that is free for use is not given back. */
const ALLOWED: { readonly [what in keyof Held]: readonly [factor: number, more: number] } = {
  rssMb: [1.15, 24],
  files: [1, 12],
  active: [1, 12],
  diskMb: [1.2, 16],
};
const WHAT = ['rssMb', 'files', 'active', 'diskMb'] as const;
/** Fewer looks say nothing. */
const LOOKS_MIN = 40;
/** Log, CSV files and columns. */
const HISTORY = /^history-\d{8}\.log$|\.csv$|^history\.db/;

export class Resources {
  readonly #series = new Map<number, { readonly node: string; readonly held: Held[] }>();

  async look(nodes: readonly SiteNode[], directoryOf: (id: string) => string): Promise<void> {
    await Promise.all(
      nodes.map(async (node) => {
        const active = await activeAt(node);
        const process = processAt(node.pid);
        if (active === null || process === null) return;
        const series = this.#series.get(node.pid) ?? { node: node.id, held: [] };
        this.#series.set(node.pid, series);
        series.held.push({
          ...process,
          active,
          diskMb: bytesBesideHistory(directoryOf(node.id)) / 1_048_576,
        });
      }),
    );
  }

  /** Of those that lived for long enough. */
  drifts(): readonly Drift[] {
    return [...this.#series.values()].flatMap(({ node, held }) => driftOf(node, held) ?? []);
  }
}

/** Null where there is too little to see. */
export function driftOf(node: string, held: readonly Held[]): Drift | null {
  if (held.length < LOOKS_MIN) return null;
  const quarter = Math.floor(held.length / 4);
  const early = middleOf(held.slice(quarter, 2 * quarter));
  const late = middleOf(held.slice(-quarter));
  const grown = WHAT.filter((what) => {
    const [factor, more] = ALLOWED[what];
    return late[what] > early[what] * factor + more;
  });
  return { node, early, late, grown };
}

function middleOf(held: readonly Held[]): Held {
  const of = (what: keyof Held): number => {
    const sorted = held.map((one) => one[what]).sort((a, b) => a - b);
    return Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0);
  };
  return { rssMb: of('rssMb'), files: of('files'), active: of('active'), diskMb: of('diskMb') };
}

/** Null when it does not answer. */
async function activeAt(node: SiteNode): Promise<number | null> {
  try {
    const response = await fetch(node.url('/metrics'), { signal: AbortSignal.timeout(2_000) });
    const count = /^nodejs_active_resources_total (\d+)/m.exec(await response.text())?.[1];
    return count === undefined ? null : Number(count);
  } catch {
    return null;
  }
}

/** Of a process on Linux; null elsewhere, and when it is gone. */
export function processAt(pid: number): { readonly rssMb: number; readonly files: number } | null {
  try {
    const kb = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return { rssMb: Math.round(Number(kb ?? 0) / 1_024), files: readdirSync(`/proc/${pid}/fd`).length };
  } catch {
    return null;
  }
}

function bytesBesideHistory(directory: string): number {
  let bytes = 0;
  // It may be the one that a fault has just deleted.
  if (!existsSync(directory)) return bytes;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) bytes += bytesBesideHistory(path);
    else if (entry.isFile() && !HISTORY.test(entry.name))
      bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}
