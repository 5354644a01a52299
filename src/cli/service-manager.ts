// Tells systemd how far this process is: ready, reloading, stopping, alive. It speaks through `systemd-notify`, since Node
// has no datagrams over unix sockets. Without NOTIFY_SOCKET, or without that program, it does nothing. SPEC rule OP9.

import { spawn } from 'node:child_process';

/** A sign of life goes out this many times in the time after which systemd misses it. */
const SIGNS_PER_TIMEOUT = 3;
const US_PER_MS = 1_000;

export class ServiceManager {
  readonly #environment: NodeJS.ProcessEnv;
  #timer: NodeJS.Timeout | null = null;
  #isMissing = false;

  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  /** All listeners answer. From here on signs of life go out, where they are waited for, as long as the event loop turns. */
  ready(status: string): void {
    this.#say('--ready', `--status=${status}`);
    const watchdogMs = Number(this.#environment.WATCHDOG_USEC ?? 0) / US_PER_MS;
    if (!(watchdogMs > 0) || this.#timer !== null) return;
    this.#timer = setInterval(() => this.#say('WATCHDOG=1'), watchdogMs / SIGNS_PER_TIMEOUT);
    this.#timer.unref();
  }

  stopping(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#say('STOPPING=1');
  }

  #say(...words: readonly string[]): void {
    if (this.#isMissing || (this.#environment.NOTIFY_SOCKET ?? '') === '') return;
    const child = spawn('systemd-notify', ['--no-block', ...words], {
      env: this.#environment,
      stdio: 'ignore',
    });
    child.on('error', () => {
      this.#isMissing = true;
    });
    child.unref();
  }
}
