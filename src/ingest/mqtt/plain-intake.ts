// What becomes of plain publishes: each is a reading, those of one client that come together are submitted together, and
// are passed on when they are stored. SPEC rules MQ4, MQ5, MQ13.

import type { Durability } from '../../hub/hub.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Refusals } from '../refusals.ts';
import type { CommitAnswers } from './commit-answers.ts';
import type { Exchange } from './exchange.ts';
import { REASON } from './packet.ts';
import { PlainPublish } from './plain-publish.ts';
import { PlainRun, type PlainSource } from './plain-run.ts';
import type { Discovered } from './profiles/discovered.ts';
import type { Settled, Submissions } from './submissions.ts';

export interface PlainIntakeOptions {
  readonly exchange: Exchange;
  readonly discovered: Discovered;
  readonly refusals: Refusals;
  readonly submissions: Submissions;
  readonly commits: CommitAnswers;
  /** What an answer waits for. */
  readonly ack: Durability;
}

export class PlainIntake {
  /** What connections read publishes with, each of them taken before the next is read. */
  readonly publish = new PlainPublish();
  readonly #options: PlainIntakeOptions;
  /** The one that came last; others may have come behind it. */
  #run: PlainRun | null = null;
  #messages = 0;
  #readings = 0;

  constructor(options: PlainIntakeOptions) {
    this.#options = options;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Those that are stored. */
  get readings(): number {
    return this.#readings;
  }

  /** Takes the publish that was read last. */
  take(source: PlainSource): void {
    const { submissions, discovered } = this.#options;
    const { sensor, decimal, packetId, payloadBytes } = this.publish;
    this.#messages++;
    const reading = discovered.withUnit({ sensor, value: decimal.value });
    const run = this.#runOf(source, packetId === 0 ? 0 : 1);
    run.add(reading, decimal.places, packetId, payloadBytes + sensor.length);
    submissions.grew(1, payloadBytes + sensor.length);
  }

  /** Nothing may be added behind what came from others, nor to what is on its way to the disk. */
  #runOf(source: PlainSource, qos: 0 | 1): PlainRun {
    const { submissions } = this.#options;
    const last = this.#run;
    const goesOn =
      last !== null &&
      last.source === source &&
      last.qos === qos &&
      last.atMs === source.lastHeardMs &&
      last.readings.length < LIMITS.mqttPlainRunMax &&
      submissions.last === last;
    if (goesOn) return last;
    const run = new PlainRun(source, qos, source.lastHeardMs, this.#settled);
    source.storing++;
    submissions.add(run);
    this.#run = run;
    return run;
  }

  readonly #settled = (run: PlainRun, settled: Settled): void => {
    const { exchange, refusals, commits, ack } = this.#options;
    const { readings, source } = run;
    source.storing--;
    switch (settled.kind) {
      case 'stored':
        this.#readings += readings.length;
        for (let at = 0; at < readings.length; at++) {
          if (exchange.isWanted(readings[at]?.sensor ?? '')) exchange.pass(run.messageAt(at));
        }
        commits.stored(settled.firstN);
        if (ack === 'stored' || run.qos === 0) run.answer(REASON.success);
        else commits.add(readings.length, () => run.answer(REASON.success));
        return;
      case 'refused':
        for (let at = 0; at < readings.length; at++) {
          const payload = run.textAt(at);
          refusals.add({ input: 'mqtt', reason: 'not_taken', why: settled.why, payload, count: 1 });
        }
        run.answer(REASON.quotaExceeded);
        return;
      case 'failed':
        run.answer(null);
        return;
    }
  };
}
