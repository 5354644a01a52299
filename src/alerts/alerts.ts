// Alerts: what should not be at a sensor is noticed, known at every node, and told to whoever is to be told, once a site.
// Every node judges; the leader of the common order alone raises, clears and tells. An alert is told once it has its place
// in the order, and that it was taken is written beside it; so whoever leads next repeats what was not acknowledged in
// writing, under the same key, and misses nothing. SPEC rules AL1-AL8.

import { readFile } from 'node:fs/promises';
import type { Hub, TimedFact } from '../hub/hub.ts';
import type { Log } from '../kit/log.ts';
import { type Alert, alertKey } from '../model/alert.ts';
import type { Fact } from '../model/fact.ts';
import type { SensorId } from '../model/ids.ts';
import type { Scalar } from '../model/reading.ts';
import { isHidden } from '../model/reserved-name.ts';
import { matchesTopic } from '../model/topic-filter.ts';
import { AlertBoard } from './alert-board.ts';
import { parseAlertsConfig } from './alerts-config.ts';
import { Evaluator, type Judged } from './evaluator.ts';
import { type AlertsConfig, DEFAULT_ALERTS, type Rule, SILENT, type SilentRule } from './rule.ts';
import { WebhookTeller } from './webhook-teller.ts';

export class AlertsConfigError extends Error {
  override readonly name = 'AlertsConfigError';
}

/** A sensor that has said nothing for longer than it ever should. */
export interface Overdue {
  readonly sensor: SensorId;
  readonly lastSeenMs: number;
  readonly cadenceMs: number;
}

export interface AlertsOptions {
  /** Null: silence alone is noticed. */
  readonly path: string | null;
  readonly site: string;
  /** Sensors that are silent for too long; time before `sinceMs` does not count. */
  readonly overdue: (nowMs: number, sinceMs: number) => Iterable<Overdue>;
  readonly nowMs: () => number;
  /** Lets a fact happen at this node. */
  readonly announce: (fact: Fact) => void;
}

const TICK_MS = 250;
/** How often all is looked at, whether or not anything was heard of it. */
const ROUND_MS = 1_000;
/** A tick that comes so late was a pause of this process, in which nothing was heard. */
const PAUSE_MS = 5_000;
/** Who has come to lead waits until what was written last is sure to have reached it. */
const SETTLE_MS = 3_000;
const TIDY_MS = 60_000;
const KEPT_MS = 7 * 86_400_000;
/** What was over for longer before somebody could be told of it is told to nobody. */
const TOLD_LATE_MS = 3_600_000;

export class Alerts {
  readonly #hub: Hub;
  readonly #log: Log;
  readonly #config: AlertsConfig;
  readonly #options: AlertsOptions;
  readonly #board: AlertBoard;
  readonly #evaluator: Evaluator;
  readonly #teller: WebhookTeller;
  readonly #rules: ReadonlyMap<string, Rule>;
  readonly #unfollow: () => void;
  readonly #timer: NodeJS.Timeout;
  /** Silence is counted from here on at the earliest. */
  #listeningSinceMs: number;
  #lastWakeMs: number;
  #tidyAtMs = 0;
  #roundAtMs = 0;
  /** Null: another node leads, or none. */
  #leadingSinceMs: number | null = null;
  #raised = 0;

  private constructor(hub: Hub, log: Log, config: AlertsConfig, options: AlertsOptions) {
    this.#hub = hub;
    this.#log = log;
    this.#config = config;
    this.#options = options;
    this.#listeningSinceMs = options.nowMs();
    this.#lastWakeMs = this.#listeningSinceMs;
    this.#rules = new Map(config.rules.map((rule) => [rule.name, rule]));
    this.#teller = new WebhookTeller(
      config.webhooks,
      { site: options.site, node: hub.self },
      log,
      options.nowMs,
    );
    this.#board = new AlertBoard(hub, log, options.nowMs, (alert) => this.#happened(alert));
    this.#evaluator = new Evaluator(
      config.rules,
      (rule, sensor) => this.#board.isRaised(rule, sensor),
      (judged) => this.#judge(judged),
    );
    this.#unfollow = hub.follow(({ fact }) => this.#hear(fact));
    const nowMs = options.nowMs();
    if (config.rules.length > 0) for (const { record } of hub.latest()) this.#evaluator.take(record, nowMs);
    this.#timer = setInterval(() => this.wake(options.nowMs()), TICK_MS);
    this.#timer.unref();
  }

  /** Throws `AlertsConfigError` where the file cannot be read or says something that makes no sense. */
  static async start(hub: Hub, log: Log, options: AlertsOptions): Promise<Alerts> {
    const config = options.path === null ? DEFAULT_ALERTS : await readAlertsConfig(options.path);
    return new Alerts(hub, log, config, options);
  }

  /** The latest change first. */
  all(): readonly Alert[] {
    return this.#board.all();
  }

  counters(): { readonly [name: string]: number } {
    let raised = 0;
    for (const { state } of this.#board.values()) if (state === 'raised') raised++;
    return {
      alerts_raised: raised,
      alerts_raised_here_total: this.#raised,
      alerts_suppressed_total: this.#board.suppressed,
      alerts_unwatched_total: this.#evaluator.unwatched,
      alerts_told_total: this.#teller.counts.taken,
      alerts_tell_failures_total: this.#teller.counts.failed,
    };
  }

  async stop(): Promise<void> {
    this.#unfollow();
    clearInterval(this.#timer);
    await this.#teller.stop();
    await this.#board.written();
  }

  /** Looks at what time alone brings about. */
  wake(nowMs: number): void {
    if (nowMs - this.#lastWakeMs > PAUSE_MS) this.#listeningSinceMs = nowMs;
    this.#lastWakeMs = nowMs;
    this.#evaluator.wake(nowMs);
    const { leader, quorum } = this.#hub.order();
    if (leader !== this.#hub.self || !quorum) {
      this.#leadingSinceMs = null;
      return;
    }
    if (this.#leadingSinceMs === null) {
      this.#leadingSinceMs = nowMs;
      return;
    }
    if (nowMs - this.#leadingSinceMs < SETTLE_MS) return;
    if (nowMs >= this.#roundAtMs) {
      this.#roundAtMs = nowMs + ROUND_MS;
      for (const judged of this.#evaluator.all()) this.#settle(judged, nowMs);
      this.#lookForSilence(nowMs);
    }
    this.#tell(nowMs);
    if (nowMs >= this.#tidyAtMs) this.#tidy(nowMs);
  }

  #hear(fact: TimedFact['fact']): void {
    if (fact.type !== 'registers-changed') return;
    const nowMs = this.#options.nowMs();
    for (const record of fact.records) {
      if (isHidden(record.sensor)) this.#board.heard(record.sensor);
      else if (record.kind === 'reading') this.#evaluator.take(record, nowMs);
      else if (record.kind === 'tombstone') this.#evaluator.forget(record.sensor);
    }
  }

  get #leads(): boolean {
    const { nowMs } = this.#options;
    return this.#leadingSinceMs !== null && nowMs() - this.#leadingSinceMs >= SETTLE_MS;
  }

  /** At once, so that what is over within a tick is known all the same. */
  #judge(judged: Judged): void {
    if (this.#leads) this.#settle(judged, this.#options.nowMs());
  }

  /** What the site knows becomes what this leader sees. (AL5) */
  #settle({ sensor, watch }: Judged, nowMs: number): void {
    const { rule, isWrong, value, text } = watch;
    if (isWrong === this.#board.isRaised(rule.name, sensor)) return;
    // A value that this node has not seen since it started says nothing.
    if (value === null) return;
    const said = rule.text === '' ? `${sensor} ${text}` : `${rule.text} (${sensor} ${text})`;
    this.#write({ rule: rule.name, sensor, field: rule.field, severity: rule.severity }, isWrong, {
      nowMs,
      text: said,
      value,
    });
  }

  #lookForSilence(nowMs: number): void {
    const { silent } = this.#config;
    const overdue = new Set<SensorId>();
    const silentMs = nowMs - (silent?.forMs ?? 0);
    for (const one of silent === null ? [] : this.#options.overdue(silentMs, this.#listeningSinceMs)) {
      if (silent === null || !isWatched(silent, one.sensor)) continue;
      overdue.add(one.sensor);
      const { sensor, lastSeenMs, cadenceMs } = one;
      if (this.#board.isRaised(SILENT, sensor)) continue;
      const text = `${sensor} has been silent for ${seconds(nowMs - lastSeenMs)} s; it speaks every ${seconds(cadenceMs)} s`;
      const named = { rule: SILENT, sensor, field: '', severity: silent.severity };
      this.#write(named, true, { nowMs, text, value: null });
    }
    for (const alert of this.#board.values()) {
      if (alert.state === 'cleared') continue;
      const { rule, sensor } = alert;
      const isGone = this.#hub.latestOf(sensor) === null;
      const why =
        rule === SILENT
          ? silenceIsOver(isGone, overdue.has(sensor), this.#hub.latestOf(sensor)?.record.ingestTsMs, alert)
          : ruleIsOver(isGone, this.#rules.has(rule));
      if (why !== null) this.#write(alert, false, { nowMs, text: `${sensor} ${why}`, value: null });
    }
  }

  #write(
    named: Pick<Alert, 'rule' | 'sensor' | 'field' | 'severity'>,
    isWrong: boolean,
    { nowMs, text, value }: { readonly nowMs: number; readonly text: string; readonly value: Scalar | null },
  ): void {
    const { rule, sensor, field, severity } = named;
    const before = this.#board.of(rule, sensor);
    const alert: Alert = {
      ...{ rule, sensor, field, severity, text, value, changedMs: nowMs, told: before?.told ?? {} },
      state: isWrong ? 'raised' : 'cleared',
      turn: (before?.turn ?? 0) + (isWrong ? 1 : 0),
      raisedMs: isWrong ? nowMs : (before?.raisedMs ?? nowMs),
    };
    if (this.#board.write(alert) && isWrong) this.#raised++;
  }

  /** What has its place in the order and was not taken yet. (AL6) */
  #tell(nowMs: number): void {
    if (this.#config.webhooks.length === 0) return;
    for (const alert of this.#board.values()) {
      if (alert.state === 'cleared' && nowMs - alert.changedMs > TOLD_LATE_MS) continue;
      const untold = this.#teller.untold(alert);
      if (untold.length === 0 || !this.#board.isCommitted(alert)) continue;
      for (const webhook of untold) {
        this.#teller.tell(webhook, alert, nowMs, () => this.#taken(webhook.name, alert));
      }
    }
  }

  /** It may have changed while it was told. */
  #taken(target: string, told: Alert): void {
    const alert = this.#board.of(told.rule, told.sensor);
    if (alert === null) return;
    this.#board.write({ ...alert, told: { ...alert.told, [target]: alertKey(told) } });
    this.#log.info('an alert was told', { webhook: target, rule: told.rule, state: told.state });
  }

  #tidy(nowMs: number): void {
    this.#tidyAtMs = nowMs + TIDY_MS;
    this.#teller.keep(this.#board.values());
    const isDone = (alert: Alert) =>
      this.#teller.untold(alert).length === 0 || nowMs - alert.changedMs > TOLD_LATE_MS;
    this.#board.prune(isDone, nowMs - KEPT_MS);
  }

  /** A fact of its own, behind the one in whose course it was found. */
  #happened(alert: Alert): void {
    setImmediate(() => this.#options.announce({ type: 'alert', alert }));
  }
}

/** Throws `AlertsConfigError`. */
export async function readAlertsConfig(path: string): Promise<AlertsConfig> {
  const content = await readFile(path, 'utf8').catch((cause) => {
    throw new AlertsConfigError(linesOf(path, cause instanceof Error ? cause.message : String(cause)));
  });
  const config = parseAlertsConfig(content);
  if (!config.ok) throw new AlertsConfigError(linesOf(path, config.problem));
  return config.value;
}

function linesOf(path: string, problems: string): string {
  return problems
    .split('\n')
    .map((line) => `ALERTS_CONFIG (${path}): ${line}`)
    .join('\n');
}

function isWatched({ match, except }: SilentRule, sensor: SensorId): boolean {
  return (
    match.some((pattern) => matchesTopic(pattern, sensor)) &&
    !except.some((pattern) => matchesTopic(pattern, sensor))
  );
}

/** Null: it is not over. It is only where the sensor has spoken since: a node that has just started knows of no cadence. */
function silenceIsOver(
  isGone: boolean,
  isOverdue: boolean,
  lastMs: number | undefined,
  { raisedMs }: Alert,
): string | null {
  if (isGone) return 'was forgotten';
  return !isOverdue && (lastMs ?? 0) > raisedMs ? 'speaks again' : null;
}

function ruleIsOver(isGone: boolean, isKnown: boolean): string | null {
  if (isGone) return 'was forgotten';
  return isKnown ? null : 'is looked at by no such rule any more';
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
