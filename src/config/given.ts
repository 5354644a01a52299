// What an operator wrote, before it means anything: names, texts, and where each came from.

export interface Given {
  /** As in the option table: upper case with underscores. */
  readonly name: string;
  readonly text: string;
  /** Where it was written, as a problem names it: `flag --port`, `environment`, `site.env:3`. */
  readonly from: string;
}

/** What one source holds. `problems` are whole lines for the operator. */
export interface Source {
  readonly given: readonly Given[];
  readonly problems: readonly string[];
}

/** The names a key may have beside the table: those of the files themselves, which only flags set. */
export const FILE_FLAGS = { config: 'CONFIG', envFile: 'ENV_FILE' } as const;
