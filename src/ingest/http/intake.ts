// What inputs of many readings a request have in common: what a request waits for, what became of its readings, and the
// counters of both. How they are decoded and answered is each input's own. SPEC rules IN4, IN6, IN11.

import type { Caller } from '../../access/caller.ts';
import type { Durability, Hub } from '../../hub/hub.ts';
import { ok, type Result, refused } from '../../kit/result.ts';
import type { Refusals } from '../refusals.ts';
import type { Decoded } from './decoded.ts';
import { refusalTo } from './permission.ts';
import { type Refusal, shown } from './refusal.ts';
import { submitTo } from './submission.ts';

export interface IntakeNames {
  /** Of the input, in counters and refusals. */
  readonly input: string;
  /** Why one of many was not taken, among the reasons of refusals. */
  readonly rejected: string;
}

export class Intake {
  readonly #names: IntakeNames;
  readonly #hub: Hub;
  readonly #refusals: Refusals;
  readonly #ack: Durability;
  #accepted = 0;
  #rejected = 0;

  /** `ack`: what a request waits for that does not say. */
  constructor(names: IntakeNames, hub: Hub, refusals: Refusals, ack: Durability) {
    this.#names = names;
    this.#hub = hub;
    this.#refusals = refusals;
    this.#ack = ack;
  }

  counters(): { readonly [name: string]: number } {
    const { input } = this.#names;
    return {
      [`${input}_readings_accepted_total`]: this.#accepted,
      [`${input}_readings_rejected_total`]: this.#rejected,
    };
  }

  ackOf(query: URLSearchParams): Result<Durability, Refusal> {
    const ack = query.get('ack') ?? this.#ack;
    if (ack === 'stored' || ack === 'committed') return ok(ack);
    return refused({ code: 'bad-query', detail: `ack is stored or committed, got ${shown(ack)}` });
  }

  /** Null where what made sense is as durable as asked. */
  async take(decoded: Decoded, ack: Durability, body: Buffer, caller: Caller): Promise<Refusal | null> {
    const { readings, rejected, rejectedCount, sample } = decoded;
    this.#rejected += rejectedCount;
    if (rejectedCount > 0) this.#count(this.#names.rejected, rejected[0]?.why ?? '', sample, rejectedCount);
    if (readings.length === 0) return null;
    const denied = refusalTo(caller, readings, body.length);
    if (denied !== null) return denied;
    const problem = await submitTo(this.#hub, readings, ack, body);
    if (problem === null) this.#accepted += readings.length;
    return problem;
  }

  countRefused({ code, detail }: Refusal, payload: string): void {
    this.#count(code, detail, payload, 1);
  }

  #count(reason: string, why: string, payload: string, count: number): void {
    this.#refusals.add({ input: this.#names.input, reason, why, payload, count });
  }
}
