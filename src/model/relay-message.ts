// A message that is passed on from node to node as it comes, beside what is stored. SPEC rule MQ9.

export interface RelayMessage {
  readonly topic: string;
  /** For the edges; nodes only carry it. */
  readonly body: Uint8Array;
  /** Shared subscriptions at the receiving node that are to get it, as they were asked for. */
  readonly shares: readonly string[];
}
