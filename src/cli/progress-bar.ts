// How far long work is: one line on a terminal that is written over, nothing elsewhere. SPEC rule SK24.

const WIDTH = 24;
const EVERY_MS = 100;

interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export class ProgressBar {
  readonly #what: string;
  readonly #unit: string;
  readonly #screen: Screen;
  #shownAtMs = Number.NEGATIVE_INFINITY;

  constructor(what: string, unit: string, screen: Screen = process.stderr) {
    this.#what = what;
    this.#unit = unit;
    this.#screen = screen;
  }

  show(done: number, of: number): void {
    const nowMs = performance.now();
    if (!this.#screen.isTTY || nowMs - this.#shownAtMs < EVERY_MS) return;
    this.#shownAtMs = nowMs;
    const share = of === 0 ? 1 : Math.min(1, done / of);
    const filled = Math.round(share * WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
    const percent = String(Math.floor(share * 100)).padStart(3);
    this.#screen.write(`\r\u001b[K${this.#what} ${bar} ${percent} %  ${done} of ${of} ${this.#unit}`);
  }

  end(): void {
    if (this.#screen.isTTY) this.#screen.write('\r\u001b[K');
  }
}
