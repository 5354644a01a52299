// POST /ingest: a request's readings are received, decoded and stored, in this order, each step with its own
// ways to refuse. SPEC rules IN6-IN11.

import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../access/caller.ts';
import {
  DiskFull,
  type Durability,
  type Hub,
  NotCommitted,
  SubmitRefused,
  type Submitted,
} from '../../hub/hub.ts';
import { ok, type Result, refused } from '../../kit/result.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Reading } from '../../model/reading.ts';
import type { Refusals } from '../refusals.ts';
import { type Answer, acceptedAnswer, receiptOf, refusalAnswer } from './answer.ts';
import type { Bodies } from './bodies.ts';
import { decodeBody } from './decode.ts';
import type { HttpInput, Target } from './http-input.ts';
import { refusalTo } from './permission.ts';
import { type Refusal, shown } from './refusal.ts';

interface Wanted {
  readonly ack: Durability;
  readonly key: string | null;
}

interface Given {
  readonly submitted: Submitted;
  /** What can be promised of it. */
  readonly ack: Durability;
}

const RETRY_OVERLOADED_S = '1';
const RETRY_FULL_S = '10';
/** What a header may hold and a log line can show. */
const KEY = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

export class PostIngest implements HttpInput {
  readonly methods = { '/ingest': ['POST'] };
  readonly #bodies: Bodies;
  readonly #hub: Hub;
  readonly #refusals: Refusals;
  readonly #ack: Durability;
  /** Requests with an Idempotency-Key that are being stored. */
  readonly #underWay = new Map<string, { readonly ack: Durability; readonly submit: Promise<Submitted> }>();
  #accepted = 0;
  #rejected = 0;

  constructor(hub: Hub, bodies: Bodies, refusals: Refusals, ack: Durability) {
    this.#bodies = bodies;
    this.#hub = hub;
    this.#refusals = refusals;
    this.#ack = ack;
  }

  counters(): { readonly [name: string]: number } {
    return {
      http_ingest_readings_accepted_total: this.#accepted,
      http_ingest_readings_rejected_total: this.#rejected,
    };
  }

  answer(request: IncomingMessage, { query }: Target, caller: Caller): Answer | Promise<Answer> {
    const wanted = wantedBy(request, query, this.#ack, caller);
    if (!wanted.ok) return this.#refuse(wanted.problem, '');
    return this.#bodies.hold(request, (body) => this.#take(body, wanted.value, caller));
  }

  async #take(body: Result<Buffer, Refusal>, wanted: Wanted, caller: Caller): Promise<Answer> {
    if (!body.ok) return this.#refuse(body.problem, '');
    const { ack, key } = wanted;
    const known = key === null || ack === 'committed' ? null : this.#hub.answered(key);
    if (known?.answer !== undefined) return acceptedAnswer(ack, ack, known.answer, known.firstN);

    const decoded = decodeBody(body.value);
    if (!decoded.ok) return this.#refuse(decoded.problem, sampleOf(body.value));
    const { readings, rejected, rejectedCount, sample } = decoded.value;
    this.#rejected += rejectedCount;
    if (rejectedCount > 0) this.#count('item-rejected', rejected[0]?.why ?? '', sample, rejectedCount);
    if (readings.length === 0) {
      const detail = `no reading could be accepted; the first: ${rejected[0]?.why}`;
      const members = { accepted: 0, rejected, rejected_count: rejectedCount };
      return refusalAnswer({ code: 'nothing-accepted', detail, members });
    }

    const denied = refusalTo(caller, readings, body.value.length);
    if (denied !== null) return this.#refuse(denied, '');

    const receipt = receiptOf(decoded.value, this.#hub.self);
    const given = await this.#submit(readings, wanted, receipt);
    if (!given.ok) return this.#refuse(given.problem, '');
    this.#accepted += readings.length;
    const { answer = receipt, firstN } = given.value.submitted;
    return acceptedAnswer(ack, given.value.ack, answer, firstN);
  }

  async #submit(
    readings: readonly Reading[],
    { ack, key }: Wanted,
    receipt: string,
  ): Promise<Result<Given, Refusal>> {
    try {
      const submitted =
        key === null
          ? await this.#hub.submit(readings, ack)
          : await this.#submitOnce(readings, ack, key, receipt);
      return ok({ submitted, ack });
    } catch (cause) {
      // The readings have their numbers and will be committed: that they are stored is the answer. (IN6)
      if (cause instanceof NotCommitted) return ok({ submitted: cause.stored, ack: 'stored' });
      if (!(cause instanceof SubmitRefused)) return refused(storageFailed());
      if (cause instanceof DiskFull) return refused(diskFull(cause.message));
      return refused(cause.retry ? overloaded(cause.message) : neverTaken(cause.message));
    }
  }

  /** Two requests with one key at the same time are one submit. (IN10) */
  async #submitOnce(
    readings: readonly Reading[],
    ack: Durability,
    key: string,
    receipt: string,
  ): Promise<Submitted> {
    for (let under = this.#underWay.get(key); under !== undefined; under = this.#underWay.get(key)) {
      if (under.ack === ack) return under.submit;
      // Who asks for something else of the same readings asks again when the first has its answer.
      await under.submit.catch(() => null);
    }
    const submit = this.#hub
      .submit(readings, ack, { key, answer: receipt })
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, { ack, submit });
    return submit;
  }

  #refuse(refusal: Refusal, payload: string): Answer {
    this.#count(refusal.code, refusal.detail, payload, 1);
    return refusalAnswer(refusal);
  }

  #count(reason: string, why: string, payload: string, count: number): void {
    this.#refusals.add({ input: 'http', reason, why, payload, count });
  }
}

function wantedBy(
  request: IncomingMessage,
  query: URLSearchParams,
  byDefault: Durability,
  { device }: Caller,
): Result<Wanted, Refusal> {
  for (const name of query.keys()) {
    if (name !== 'ack') return refused(badRequest(`the query of /ingest knows ack, got ${shown(name)}`));
  }
  const ack = query.get('ack') ?? byDefault;
  if (ack !== 'stored' && ack !== 'committed') {
    return refused(badRequest(`ack is stored or committed, got ${shown(ack)}`));
  }
  const header = request.headers['idempotency-key'];
  if (header === undefined) return ok({ ack, key: null });
  const key = Array.isArray(header) ? header.join(', ') : header;
  // The keys of one device are no business of another.
  const scope = device === null ? '' : `${device.id} `;
  const lengthMax = LIMITS.idempotencyKeyBytesMax - scope.length;
  if (key.length > lengthMax || !KEY.test(key)) {
    const allowed = `1 to ${lengthMax} printable ASCII characters`;
    return refused(badRequest(`an Idempotency-Key is ${allowed}, got ${shown(key)}`));
  }
  return ok({ ack, key: scope + key });
}

function sampleOf(body: Buffer): string {
  return body.toString('utf8', 0, LIMITS.refusalPayloadBytesMax);
}

function badRequest(detail: string): Refusal {
  return { code: 'bad-query', detail };
}

function overloaded(why: string): Refusal {
  return { code: 'overloaded', detail: why, headers: { 'retry-after': RETRY_OVERLOADED_S } };
}

function diskFull(why: string): Refusal {
  return { code: 'disk-full', detail: why, headers: { 'retry-after': RETRY_FULL_S } };
}

/** The same request would be refused again. */
function neverTaken(why: string): Refusal {
  return { code: 'nothing-accepted', detail: why };
}

function storageFailed(): Refusal {
  return { code: 'storage-failed', detail: 'the readings could not be stored at this node' };
}
