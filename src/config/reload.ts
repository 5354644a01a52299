// What a configuration that was read again changes in a node that runs: some options take effect at once, all others
// with the next start. SPEC rule OP2.

import type { Loaded } from './config.ts';

/** Options that a running node takes up on SIGHUP; the log file is opened anew as well. */
export const RELOADED: readonly string[] = ['LOG_LEVEL', 'HISTORY_MAX_BYTES', 'HISTORY_MAX_AGE_MS'];

export interface Changes {
  /** In effect from this moment on. */
  readonly taken: readonly string[];
  /** Wait for the next start. */
  readonly waiting: readonly string[];
}

export function changesBetween(before: Loaded, after: Loaded): Changes {
  const known = new Map(before.settings.map(({ name, text }) => [name, text]));
  const named = new Set(after.settings.map(({ name }) => name));
  const changed = [
    ...after.settings.filter(({ name, text }) => known.get(name) !== text).map(({ name }) => name),
    ...before.settings.filter(({ name }) => !named.has(name)).map(({ name }) => name),
  ];
  // What is masked looks the same before and after.
  const isSecretChanged = before.secrets.join('\n') !== after.secrets.join('\n');
  return {
    taken: changed.filter((name) => RELOADED.includes(name)),
    waiting: [
      ...changed.filter((name) => !RELOADED.includes(name)),
      ...(isSecretChanged ? ['an option that is not shown'] : []),
    ],
  };
}
