// The end of the committed order, from `/api/v1/stream`, while somebody wants it. A place in the order is the same at
// every node, so it goes on without a gap or a double when the page moves to another node. SPEC rule UI5.

import type { LogRow } from '../../../src/api/log-row.ts';
import type { View } from '../../../src/api/schema.ts';
import type { StreamHello, StreamReset } from '../../../src/api/stream-shapes.ts';
import { readEvents, type SentEvent } from './event-stream.ts';

export const TAIL_MAX = 2_000;
/** Who was away for longer begins again at the end. */
const MISSED_MAX = 20_000;
const AGAIN_MS = 1_000;

export class OrderTail {
  readonly #changed: (rows: readonly LogRow[]) => void;
  #base: string | null = null;
  #wanted = 0;
  #stop = new AbortController();
  #isRunning = false;
  #lastEventId: string | null = null;
  /** Oldest first. */
  rows: LogRow[] = [];
  group: string | null = null;

  /** `changed` is given what came together. */
  constructor(changed: (rows: readonly LogRow[]) => void) {
    this.#changed = changed;
  }

  /** Until what is returned is called. */
  want(): () => void {
    this.#wanted++;
    void this.#run();
    return () => {
      this.#wanted--;
      if (this.#wanted === 0) this.#stop.abort();
    };
  }

  /** Where it is read; null: nowhere, for the time being. */
  readFrom(base: string | null): void {
    if (base === this.#base) return;
    this.#base = base;
    this.#stop.abort();
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (this.#wanted > 0 && this.#base !== null) {
      this.#stop = new AbortController();
      const { signal } = this.#stop;
      await this.#read(this.#base, signal).catch(() => {});
      if (!signal.aborted) await new Promise((again) => setTimeout(again, AGAIN_MS));
    }
    this.#isRunning = false;
  }

  /** Begins a little before the end: what got its place just before is known to this node's API a moment later. */
  async #read(base: string, stop: AbortSignal): Promise<void> {
    let from = '';
    if (this.#lastEventId === null) {
      const response = await fetch(`${base}/api/v1/view`, { signal: stop });
      const view: View = JSON.parse(await response.text());
      from = `?from=${Math.max(1, view.watermark - TAIL_MAX)}`;
    }
    const url = `${base}/api/v1/stream${from}`;
    await readEvents(url, this.#lastEventId, stop, (events) => this.#take(events));
  }

  #beginAtTheEnd(): void {
    this.#lastEventId = null;
    this.rows = [];
    this.#stop.abort();
  }

  #take(events: readonly SentEvent[]): void {
    const rows: LogRow[] = [];
    for (const { event, data, id } of events) {
      if (id !== null) this.#lastEventId = id;
      if (event === 'reading') rows.push(JSON.parse(data));
      else if (event === 'hello' || event === 'reset') {
        const said: StreamHello | StreamReset = JSON.parse(data);
        const { group, watermark } = said;
        if (watermark - ('next' in said ? said.next : said.first) > MISSED_MAX) {
          this.#beginAtTheEnd();
          return;
        }
        // The order of another group begins anew.
        if (group !== this.group) this.rows = [];
        this.group = group;
      }
    }
    this.rows.push(...rows);
    if (this.rows.length > TAIL_MAX) this.rows = this.rows.slice(-TAIL_MAX);
    this.#changed(rows);
  }
}
