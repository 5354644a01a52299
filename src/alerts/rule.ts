// What an operator wants to be told of, and who is to be told. SPEC rules AL1-AL3, AL7.

import type { Severity } from '../model/alert.ts';
import type { Scalar } from '../model/reading.ts';

/** Each says when a value that was fine is wrong, and when one that was wrong is fine again: between the two nothing changes. */
export type Condition =
  | { readonly kind: 'above'; readonly limit: number; readonly clearBelow: number }
  | { readonly kind: 'below'; readonly limit: number; readonly clearAbove: number }
  | { readonly kind: 'equals'; readonly value: Scalar }
  /** Of the lowest (highest) value within the time before. */
  | {
      readonly kind: 'rises' | 'falls';
      readonly by: number;
      readonly clearBy: number;
      readonly withinMs: number;
    };

export interface Rule {
  readonly name: string;
  /** A pattern with + and #. */
  readonly match: string;
  /** Of a record; empty for values that are none. */
  readonly field: string;
  readonly condition: Condition;
  /** For so long it must be wrong before it is told, and fine before it is over. */
  readonly forMs: number;
  readonly clearForMs: number;
  readonly severity: Severity;
  /** What to say of it; empty for the condition itself. */
  readonly text: string;
}

/** The rule that is there without being written. */
export interface SilentRule {
  readonly match: readonly string[];
  readonly except: readonly string[];
  readonly severity: Severity;
  /** Beyond the time after which the sensor counts as stale. */
  readonly forMs: number;
}

export interface Webhook {
  readonly name: string;
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  readonly timeoutMs: number;
  /** Less than this it is not told. */
  readonly atLeast: Severity;
}

export interface AlertsConfig {
  /** Null: nobody wants to know. */
  readonly silent: SilentRule | null;
  readonly rules: readonly Rule[];
  readonly webhooks: readonly Webhook[];
}

export const SILENT = 'silent';

/** Where nobody wrote anything: silence is noticed and shown. */
export const DEFAULT_ALERTS: AlertsConfig = {
  silent: { match: ['#'], except: [], severity: 'warning', forMs: 5_000 },
  rules: [],
  webhooks: [],
};
