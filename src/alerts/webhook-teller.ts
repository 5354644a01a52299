// Tells alerts to webhooks: a POST each, again and again until it is taken, later each time, a few at once. Each carries the
// same Idempotency-Key however often and by whichever node it is sent. SPEC rules AL6, AL7.

import type { Log } from '../kit/log.ts';
import { type Alert, alertBody, alertKey, SEVERITIES } from '../model/alert.ts';
import { LIMITS } from '../model/limits.ts';
import type { Webhook } from './rule.ts';

const AGAIN_MS = 1_000;
const AGAIN_MS_MAX = 60_000;

interface Attempt {
  readonly nextMs: number;
  readonly waitMs: number;
}

export interface TellerNames {
  readonly site: string;
  readonly node: string;
}

export class WebhookTeller {
  readonly #webhooks: readonly Webhook[];
  readonly #names: TellerNames;
  readonly #log: Log;
  readonly #nowMs: () => number;
  /** By webhook and key; bounded by the alerts there are. */
  readonly #attempts = new Map<string, Attempt>();
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #abort = new AbortController();
  #taken = 0;
  #failed = 0;

  constructor(webhooks: readonly Webhook[], names: TellerNames, log: Log, nowMs: () => number) {
    this.#webhooks = webhooks;
    this.#names = names;
    this.#log = log;
    this.#nowMs = nowMs;
  }

  get counts(): { readonly taken: number; readonly failed: number } {
    return { taken: this.#taken, failed: this.#failed };
  }

  /** Who has not been told, and should be. */
  untold(alert: Alert): readonly Webhook[] {
    const key = alertKey(alert);
    return this.#webhooks.filter(
      ({ name, atLeast }) => isAtLeast(alert, atLeast) && alert.told[name] !== key,
    );
  }

  /** Calls back when the webhook has taken it. Does nothing where it is being told, or failed a moment ago. */
  tell(webhook: Webhook, alert: Alert, nowMs: number, taken: () => void): void {
    const id = `${webhook.name} ${alertKey(alert)}`;
    if (this.#underWay.has(id) || this.#underWay.size >= LIMITS.alertDeliveriesMax) return;
    const before = this.#attempts.get(id);
    if (before !== undefined && nowMs < before.nextMs) return;
    const telling = this.#post(webhook, alert).then((problem) => {
      this.#underWay.delete(id);
      if (problem === null) {
        this.#taken++;
        this.#attempts.delete(id);
        taken();
      } else if (!this.#abort.signal.aborted) {
        this.#failed++;
        const waitMs = Math.min(AGAIN_MS_MAX, 2 * (before?.waitMs ?? AGAIN_MS / 2));
        this.#attempts.set(id, { nextMs: this.#nowMs() + waitMs, waitMs });
        this.#log.warn('a webhook did not take an alert', { webhook: webhook.name, why: problem });
      }
    });
    this.#underWay.set(id, telling);
  }

  /** Keeps the waiting times of those that are still to be told alone. */
  keep(alerts: Iterable<Alert>): void {
    const ids = new Set<string>();
    for (const alert of alerts) {
      for (const { name } of this.untold(alert)) ids.add(`${name} ${alertKey(alert)}`);
    }
    for (const id of this.#attempts.keys()) if (!ids.has(id)) this.#attempts.delete(id);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#underWay.values());
  }

  /** Null: taken. */
  async #post({ url, headers, timeoutMs }: Webhook, alert: Alert): Promise<string | null> {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          'user-agent': 'sensorium',
          'idempotency-key': alertKey(alert).replace(/[^\x21-\x7e]+/g, encodeURIComponent),
        },
        body: JSON.stringify({ ...alertBody(alert), ...this.#names }),
        redirect: 'error',
        signal: AbortSignal.any([this.#abort.signal, AbortSignal.timeout(timeoutMs)]),
      });
      await response.body?.cancel();
      return response.ok ? null : `it answered ${response.status}`;
    } catch (cause) {
      const { message } = cause instanceof Error ? cause : new Error(String(cause));
      const deeper = cause instanceof Error && cause.cause instanceof Error ? `: ${cause.cause.message}` : '';
      return message + deeper;
    }
  }
}

function isAtLeast({ severity }: Alert, atLeast: Webhook['atLeast']): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(atLeast);
}
