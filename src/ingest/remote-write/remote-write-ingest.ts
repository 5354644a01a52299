// Prometheus' remote write, version 1: each series is a sensor, each sample a reading. Prometheus sends again after 5xx and
// 429, and drops after another 4xx, so what can never be taken is 400 after the rest was taken. SPEC rules RW1-RW3.

import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../access/caller.ts';
import type { Durability, Hub } from '../../hub/hub.ts';
import { ok, type Result, refused } from '../../kit/result.ts';
import { checkReading } from '../../model/check-reading.ts';
import { LIMITS } from '../../model/limits.ts';
import { type Answer, refusalAnswer } from '../http/answer.ts';
import type { Bodies } from '../http/bodies.ts';
import { Collected, type Decoded, tooMany } from '../http/decoded.ts';
import type { HttpInput, Target } from '../http/http-input.ts';
import { Intake } from '../http/intake.ts';
import { type Refusal, shown } from '../http/refusal.ts';
import type { Refusals } from '../refusals.ts';
import { seriesId } from '../series-id.ts';
import { decodeWriteRequest, type Series } from './write-request.ts';

const NAMES = { input: 'remote_write', rejected: 'sample-rejected' } as const;
const NAME = '__name__';
const TAKEN: Answer = { status: 204, type: '', body: '' };

export class RemoteWriteIngest implements HttpInput {
  readonly methods = { '/api/v1/write': ['POST'] };
  readonly #bodies: Bodies;
  readonly #intake: Intake;
  #unknown = 0;

  constructor(hub: Hub, bodies: Bodies, refusals: Refusals, ack: Durability) {
    this.#bodies = bodies;
    this.#intake = new Intake(NAMES, hub, refusals, ack);
  }

  counters(): { readonly [name: string]: number } {
    return {
      ...this.#intake.counters(),
      remote_write_samples_without_value_total: this.#unknown,
    };
  }

  answer(request: IncomingMessage, { query }: Target, caller: Caller): Answer | Promise<Answer> {
    const ack = this.#intake.ackOf(query);
    if (!ack.ok) return this.#refuse(ack.problem);
    const version = request.headers['x-prometheus-remote-write-version'];
    if (version !== undefined && !String(version).startsWith('0.1.')) {
      const detail = `remote write 0.1.0 is spoken here, got ${shown(String(version))}`;
      return this.#refuse({ code: 'bad-query', detail });
    }
    return this.#bodies.hold(request, (body) => this.#take(body, ack.value, caller));
  }

  async #take(body: Result<Buffer, Refusal>, ack: Durability, caller: Caller): Promise<Answer> {
    if (!body.ok) return this.#refuse(body.problem);
    const series = decodeWriteRequest(body.value);
    if (!series.ok) {
      return this.#refuse({ code: 'bad-body', detail: `the body is no WriteRequest: ${series.problem}` });
    }
    const decoded = this.#readingsOf(series.value);
    if (!decoded.ok) return this.#refuse(decoded.problem);
    const problem = await this.#intake.take(decoded.value, ack, body.value, caller);
    if (problem !== null) return this.#refuse(problem);
    const { rejected, rejectedCount } = decoded.value;
    if (rejectedCount === 0) return TAKEN;
    return refusalAnswer({
      code: 'nothing-accepted',
      detail: `${rejectedCount} samples were dropped: ${rejected[0]?.why}`,
    });
  }

  #readingsOf(all: readonly Series[]): Result<Decoded, Refusal> {
    const collected = new Collected();
    for (const [at, { labels, samples }] of all.entries()) {
      const name = labels.find((label) => label.name === NAME)?.value ?? '';
      const others = labels.filter((label) => label.name !== NAME);
      const sensor = seriesId(
        name,
        others.map((label) => [label.name, label.value]),
      );
      for (const { value, timestamp } of samples) {
        // Prometheus marks with a NaN that a series has ended.
        if (Number.isNaN(value)) {
          this.#unknown++;
          continue;
        }
        if (collected.size === LIMITS.ingestBatchMax) return refused(tooMany());
        const reading = sensor.ok
          ? checkReading({ sensor: sensor.value, value, tsMs: timestamp })
          : refused(sensor.problem);
        collected.add(at + 1, reading, () => JSON.stringify({ labels, value, timestamp }));
      }
    }
    return ok(collected.result());
  }

  #refuse(refusal: Refusal): Answer {
    this.#intake.countRefused(refusal, '');
    const headers = refusal.code === 'overloaded' ? { 'retry-after': '1' } : undefined;
    return refusalAnswer({ ...refusal, ...(headers && { headers }) });
  }
}
