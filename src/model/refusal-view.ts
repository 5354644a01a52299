// What an input refused for one reason, as people see it. SPEC rules IN11, AP26.

export interface RefusalView {
  readonly input: string;
  readonly reason: string;
  readonly count: number;
  readonly lastAtMs: number;
  readonly lastWhy: string;
  /** The beginning of what was sent, as text: shown to people, so escape it. */
  readonly lastPayload: string;
}
