// How long this disk has taken to make something durable: every sync, and every write that is durable by itself.

/** As many syncs the latencies are told of. */
const LATENCIES_KEPT = 1_024;

export class SyncLatencies {
  readonly #ms = new Float64Array(LATENCIES_KEPT);
  #syncs = 0;
  /** Those of them that were writes. */
  #writes = 0;

  addWrite(ms: number): void {
    this.#writes++;
    this.add(ms);
  }

  add(ms: number): void {
    this.#ms[this.#syncs++ % LATENCIES_KEPT] = ms;
  }

  counters(): { readonly [name: string]: number } {
    const sorted = this.#ms.slice(0, Math.min(this.#syncs, LATENCIES_KEPT)).sort();
    const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
    return {
      disk_syncs_total: this.#syncs,
      disk_synced_writes_total: this.#writes,
      disk_sync_ms_p50: at(0.5),
      disk_sync_ms_p99: at(0.99),
    };
  }
}
