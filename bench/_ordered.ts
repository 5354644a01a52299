// Systems that keep one durable order of opaque batches on three processes, as the ordering benchmark sees them.

export interface OrderedSystem {
  readonly name: string;
  readonly knobs: string;
  /** Null where the system is not installed; else its version. */
  version(): string | null;
  /** Three processes on loopback, ready to take batches. */
  start(directory: string): Promise<OrderedCluster>;
}

export interface OrderedCluster {
  /** A connection to the member that orders. */
  connect(): Promise<OrderedClient>;
  /** Processor seconds of all three so far. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

export interface OrderedClient {
  /** Hands one batch over; `done` is called once a quorum has acknowledged it, in no particular order. */
  send(batch: Uint8Array, done: () => void): void;
  close(): void;
}

/** Called for what a benchmark cannot go on without. */
export function fail(what: string): never {
  throw new Error(what);
}
