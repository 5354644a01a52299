// A topic of which an input could make no reading, as people see it. SPEC rule MQ14.

export interface InboxEntry {
  readonly input: string;
  readonly topic: string;
  readonly count: number;
  readonly lastAtMs: number;
  /** Why it is no reading. */
  readonly why: string;
  /** The beginning of what was sent, as text: shown to people, so escape it. */
  readonly lastPayload: string;
}
