// Wills whose delay is not over (MQTT 5, 3.1.3.2.2): told when it is, or when the session ends, and not at all when the
// client is back before. SPEC rule MQ8.

export class Wills {
  readonly #due = new Map<string, { readonly atMs: number; readonly tell: () => void }>();

  /** Bounded by the sessions: one for each client. */
  wait(clientId: string, atMs: number, tell: () => void): void {
    this.#due.set(clientId, { atMs, tell });
  }

  /** The client is back. */
  cancel(clientId: string): void {
    this.#due.delete(clientId);
  }

  /** Its session has ended: there is nothing to wait for. */
  tellNow(clientId: string): void {
    const will = this.#due.get(clientId);
    this.#due.delete(clientId);
    will?.tell();
  }

  tellDue(nowMs: number): void {
    for (const [clientId, { atMs }] of [...this.#due]) if (atMs <= nowMs) this.tellNow(clientId);
  }
}
