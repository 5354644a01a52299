// A client that wants its readings committed and does not care where: it posts one after the other to one node, and
// where that one refuses, breaks off or is silent, the same reading to the next.

import { Agent, request } from 'node:http';

const PAUSE_MS = 2;
const SILENT_MS = 250;
/** A node that refuses is not asked again at once. */
const REFUSED_MS = 5;

export class CommittedWriter {
  readonly #ports: readonly number[];
  readonly #agent = new Agent({ keepAlive: true });
  #at = 0;
  #isOver = false;
  #readings = 0;
  #lastMs = performance.now();
  #longestMs = 0;
  #next: (() => void) | null = null;

  /** It begins at the node with the first port. */
  constructor(ports: readonly number[]) {
    this.#ports = ports;
    this.#post();
  }

  /** From here on the longest time without an acknowledgement counts anew. */
  mark(): void {
    this.#lastMs = performance.now();
    this.#longestMs = 0;
  }

  get longestMs(): number {
    return this.#longestMs;
  }

  get readings(): number {
    return this.#readings;
  }

  /** Goes on at that node. */
  turnTo(at: number): void {
    this.#at = at;
  }

  /** Resolves with the next acknowledgement. */
  acknowledged(): Promise<void> {
    return new Promise((resolve) => {
      this.#next = resolve;
    });
  }

  end(): void {
    this.#isOver = true;
    this.#agent.destroy();
  }

  #post(): void {
    if (this.#isOver) return;
    const body = JSON.stringify({ sensor: 'probe/outage', value: this.#readings });
    let isSettled = false;
    const settle = (isCommitted: boolean): void => {
      if (isSettled) return;
      isSettled = true;
      if (isCommitted) this.#took();
      else this.#at = (this.#at + 1) % this.#ports.length;
      setTimeout(() => this.#post(), isCommitted ? PAUSE_MS : REFUSED_MS);
    };
    const options = {
      agent: this.#agent,
      host: '127.0.0.1',
      port: this.#ports[this.#at],
      path: '/ingest?ack=committed',
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      timeout: SILENT_MS,
    };
    const posted = request(options, (response) => {
      response.resume();
      response.on('end', () => settle(response.statusCode === 200));
      response.on('error', () => settle(false));
    });
    posted.on('timeout', () => posted.destroy());
    posted.on('error', () => settle(false));
    posted.end(body);
  }

  #took(): void {
    const nowMs = performance.now();
    this.#readings++;
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.#next?.();
    this.#next = null;
  }
}
