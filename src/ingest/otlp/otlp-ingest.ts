// OpenTelemetry's metrics over HTTP: each metric with the attributes of its points is a sensor. Exporters send again after
// 429 and 503; what can never be taken is told in the answer to the request whose other points were taken. Source:
// opentelemetry.io/docs/specs/otlp, OTLP/HTTP. SPEC rules OT1-OT4.

import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../access/caller.ts';
import type { Durability, Hub } from '../../hub/hub.ts';
import { ok, type Result, refused } from '../../kit/result.ts';
import { checkReading } from '../../model/check-reading.ts';
import { utf8Length } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Reading } from '../../model/reading.ts';
import { type Answer, refusalAnswer } from '../http/answer.ts';
import type { Bodies } from '../http/bodies.ts';
import { Collected, type Decoded, tooMany } from '../http/decoded.ts';
import type { HttpInput, Target } from '../http/http-input.ts';
import { Intake } from '../http/intake.ts';
import { type Refusal, shown } from '../http/refusal.ts';
import type { Refusals } from '../refusals.ts';
import { seriesId } from '../series-id.ts';
import {
  type DataPoint,
  decodeExport,
  type KeyValue,
  KINDS,
  type Kind,
  type ResourceMetrics,
} from './export-request.ts';
import { pointValue } from './point-value.ts';
import { EXPORT_RESPONSE } from './schema.ts';

const NAMES = { input: 'otlp', rejected: 'point-rejected' } as const;
const JSON_TYPE = 'application/json';
const PROTOBUF_TYPE = 'application/x-protobuf';
/** Of a resource, what tells one source from another; the rest would make ids of hundreds of characters. */
const IDENTIFYING = ['service.namespace', 'service.name', 'service.instance.id', 'host.name'];
const NO_RECORDED_VALUE = 1;
const NS_PER_MS = 1_000_000n;

export class OtlpIngest implements HttpInput {
  readonly methods = { '/v1/metrics': ['POST'] };
  readonly #bodies: Bodies;
  readonly #intake: Intake;

  constructor(hub: Hub, bodies: Bodies, refusals: Refusals, ack: Durability) {
    this.#bodies = bodies;
    this.#intake = new Intake(NAMES, hub, refusals, ack);
  }

  counters(): { readonly [name: string]: number } {
    return {
      ...this.#intake.counters(),
    };
  }

  answer(request: IncomingMessage, { query }: Target, caller: Caller): Answer | Promise<Answer> {
    const ack = this.#intake.ackOf(query);
    if (!ack.ok) return this.#refuse(ack.problem);
    const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    if (type !== JSON_TYPE && type !== PROTOBUF_TYPE) {
      const detail = `Content-Type is ${JSON_TYPE} or ${PROTOBUF_TYPE}, got ${shown(type)}`;
      return this.#refuse({ code: 'unsupported-type', detail });
    }
    return this.#bodies.hold(request, (body) => this.#take(body, type === JSON_TYPE, ack.value, caller));
  }

  async #take(
    body: Result<Buffer, Refusal>,
    isJson: boolean,
    ack: Durability,
    caller: Caller,
  ): Promise<Answer> {
    if (!body.ok) return this.#refuse(body.problem);
    const request = decodeExport(body.value, isJson);
    if (!request.ok) {
      return this.#refuse({
        code: 'bad-body',
        detail: `the body is no export of metrics: ${request.problem}`,
      });
    }
    const decoded = readingsOf(request.value);
    if (!decoded.ok) return this.#refuse(decoded.problem);
    const problem = await this.#intake.take(decoded.value, ack, body.value, caller);
    if (problem !== null) return this.#refuse(problem);
    const { rejected, rejectedCount } = decoded.value;
    return exported(isJson, rejectedCount, rejected[0]?.why ?? '');
  }

  #refuse(refusal: Refusal): Answer {
    this.#intake.countRefused(refusal, '');
    const headers = refusal.code === 'overloaded' ? { 'retry-after': '1' } : undefined;
    return refusalAnswer({ ...refusal, ...(headers && { headers }) });
  }
}

function readingsOf(resources: readonly ResourceMetrics[]): Result<Decoded, Refusal> {
  const collected = new Collected();
  let number = 0;
  for (const { resource, scopeMetrics = [] } of resources) {
    const source = labelsOf(resource?.attributes).filter(([key]) => IDENTIFYING.includes(key));
    for (const metric of scopeMetrics.flatMap(({ metrics = [] }) => metrics)) {
      for (const kind of KINDS) {
        for (const point of metric[kind]?.dataPoints ?? []) {
          number++;
          if (((point.flags ?? 0) & NO_RECORDED_VALUE) !== 0) continue;
          if (collected.size === LIMITS.ingestBatchMax) return refused(tooMany());
          const name = metric.name ?? '';
          const reading = readingOf(name, metric.unit ?? '', kind, point, source);
          collected.add(number, reading, () => JSON.stringify({ name, ...point }));
        }
      }
    }
  }
  return ok(collected.result());
}

function readingOf(
  name: string,
  unit: string,
  kind: Kind,
  point: DataPoint,
  source: readonly (readonly [string, string])[],
): Result<Reading> {
  const own = labelsOf(point.attributes);
  const others = source.filter(([key]) => !own.some(([label]) => label === key));
  const sensor = seriesId(name, [...others, ...own]);
  if (!sensor.ok) return sensor;
  const value = pointValue(kind, point);
  if (!value.ok) return value;
  const { timeUnixNano = '0' } = point;
  const tsMs = timeUnixNano === '0' ? undefined : Number(BigInt(timeUnixNano) / NS_PER_MS);
  // A unit that does not fit is no reason to lose the reading.
  const fits = unit !== '' && utf8Length(unit) <= LIMITS.unitBytesMax;
  return checkReading({ sensor: sensor.value, value: value.value, tsMs, ...(fits && { unit }) });
}

function labelsOf(attributes: readonly KeyValue[] = []): (readonly [key: string, value: string])[] {
  return attributes.map(({ key = '', value = {} }) => {
    const { stringValue, boolValue, intValue, doubleValue } = value;
    return [key, String(stringValue ?? boolValue ?? intValue ?? doubleValue ?? '')] as const;
  });
}

function exported(isJson: boolean, rejected: number, why: string): Answer {
  const partialSuccess = { rejectedDataPoints: rejected, errorMessage: why };
  const response = rejected === 0 ? {} : { partialSuccess };
  if (isJson) return { status: 200, type: JSON_TYPE, body: JSON.stringify(response) };
  const bytes = EXPORT_RESPONSE.encode(EXPORT_RESPONSE.fromObject(response)).finish();
  return { status: 200, type: PROTOBUF_TYPE, body: bytes };
}
