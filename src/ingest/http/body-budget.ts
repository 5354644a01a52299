// The bytes that bodies hold: each request leases what it holds from one budget, and gives it back with its
// answer at the latest. SPEC rule IN8.

/** Bytes that all requests in work hold together. */
export class BodyBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  lease(): BodyLease {
    return new BodyLease((bytes) => {
      if (this.#bytes + bytes > this.#bytesMax) return false;
      this.#bytes += bytes;
      return true;
    });
  }
}

/** What one request holds of the budget, until its answer is given. */
export class BodyLease {
  readonly #take: (bytes: number) => boolean;
  #held = 0;
  #released = false;

  constructor(take: (bytes: number) => boolean) {
    this.#take = take;
  }

  /** Nothing is given after the release, since nobody would return it. */
  take(bytes: number): boolean {
    if (this.#released || !this.#take(bytes)) return false;
    this.#held += bytes;
    return true;
  }

  /** Returns a part of what was taken. */
  giveBack(bytes: number): void {
    if (this.#released) return;
    this.#take(-bytes);
    this.#held -= bytes;
  }

  release(): void {
    this.giveBack(this.#held);
    this.#released = true;
  }
}
