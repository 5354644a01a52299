// Watches what a node shows through its live stream, and notes when each reading appeared.

import { type ClientRequest, get } from 'node:http';

export interface Shown {
  readonly sensor: string;
  readonly tsMs: number;
  /** Time of day at which the watcher had it. */
  readonly atMs: number;
}

const READING = /"sensor":"([^"]*)".*?"ts_ms":(\d+)/;

export class Watch {
  readonly shown: Shown[] = [];
  /** The node had gone on too far before it was read. */
  resets = 0;
  #request: ClientRequest | null = null;

  /** Resolves when the stream stands. */
  static async open(apiPort: number, match: string): Promise<Watch> {
    const watch = new Watch();
    await watch.#open(apiPort, match);
    return watch;
  }

  close(): void {
    this.#request?.destroy();
  }

  /** Resolves with the steady time at which the node's end of the stream was closed. */
  ended(): Promise<number> {
    return new Promise((resolve) => this.#request?.once('close', () => resolve(performance.now())));
  }

  #open(apiPort: number, match: string): Promise<void> {
    return new Promise((opened, failed) => {
      const path = `/api/v1/live?match=${encodeURIComponent(match)}`;
      this.#request = get({ host: '127.0.0.1', port: apiPort, path, agent: false }, (response) => {
        opened();
        let rest = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          const events = (rest + text).split('\n\n');
          rest = events.pop() ?? '';
          for (const event of events) this.#take(event);
        });
        response.on('error', () => {});
      });
      this.#request.on('error', failed);
    });
  }

  #take(event: string): void {
    if (event.includes('event: reset')) this.resets++;
    if (!event.includes('event: reading')) return;
    const [, sensor, tsMs] = READING.exec(event) ?? [];
    if (sensor !== undefined) this.shown.push({ sensor, tsMs: Number(tsMs), atMs: Date.now() });
  }
}
