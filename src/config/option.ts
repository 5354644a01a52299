// An option is a noun with one place: a row of the table in `options.ts` (or of a sensor type's parameters).
// Flags, environment, files, defaults, help and docs are all read from it. SPEC rule CF1.

import type { Kind } from './kind.ts';

export const PROFILES = ['local', 'lan', 'wan', 'slow'] as const;
export type Profile = (typeof PROFILES)[number];

export interface Option<T> {
  /** As in the environment: `GOSSIP_SYNC_INTERVAL_MS`. The flag is `--gossip-sync-interval-ms`. */
  readonly name: string;
  readonly kind: Kind<T>;
  readonly default: T;
  /** What the default is, where it depends on something else. */
  readonly defaultText?: string;
  /** Defaults of profiles that differ from `default`, which is that of `local`. */
  readonly profiles?: { readonly [profile in Profile]?: T };
  /** Has no default: `default` only stands in until the problem is reported. */
  readonly required?: true;
  /** Never shown. */
  readonly secret?: true;
  /** Read and checked, but nothing in this version acts on it. */
  readonly idle?: true;
  readonly help: string;
}

export interface Table {
  readonly [key: string]: Option<unknown>;
}

/** The values of a table's options, under the table's keys, which carry the units. */
export type ValuesOf<T extends Table> = {
  readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never;
};

export function option<T>(given: Omit<Option<T>, 'default'> & { readonly default: NoInfer<T> }): Option<T> {
  return given;
}

export function flagOf(name: string): string {
  return `--${name.toLowerCase().replaceAll('_', '-')}`;
}

/** `gossip-sync-interval-ms` → `GOSSIP_SYNC_INTERVAL_MS`. */
export function nameOf(key: string): string {
  return key.trim().toUpperCase().replaceAll('-', '_');
}

export function defaultFor<T>(
  given: Option<T>,
  profile: Profile,
): { readonly value: T; readonly from: string } {
  const value = given.profiles?.[profile];
  return value === undefined
    ? { value: given.default, from: 'default' }
    : { value, from: `profile ${profile}` };
}
