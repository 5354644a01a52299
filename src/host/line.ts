// One line of a node's log, before it has a time. SPEC rule HO6.

export interface Line {
  /** `story` lines are what LOG_LEVEL=DEMO shows. */
  readonly level: 'debug' | 'story' | 'warn';
  readonly text: string;
  readonly fields?: { readonly [key: string]: string | number };
}
