// The write paths of InfluxDB 1 and 2, for programs that speak to it: Telegraf, its clients, many devices. What they act on
// is the status: 204 taken, 400 some lines were wrong and will never be right, 413 send less at once, 503 keep it and come
// again. Database, bucket and organisation are read over. SPEC rules LP1-LP7.

import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../access/caller.ts';
import type { Durability, Hub } from '../../hub/hub.ts';
import type { Result } from '../../kit/result.ts';
import { LIMITS } from '../../model/limits.ts';
import { PROBLEMS } from '../../model/problems.ts';
import type { Answer } from '../http/answer.ts';
import type { Bodies } from '../http/bodies.ts';
import type { Decoded } from '../http/decoded.ts';
import type { HttpInput, Target } from '../http/http-input.ts';
import { Intake } from '../http/intake.ts';
import { type Refusal, shown } from '../http/refusal.ts';
import type { Refusals } from '../refusals.ts';
import { decodeLines } from './lines.ts';
import { isPrecision, PRECISIONS, type Precision } from './precision.ts';
import { SeriesNames } from './series.ts';

const NAMES = { input: 'line_protocol', rejected: 'line-rejected' } as const;
const JSON_TYPE = 'application/json; charset=utf-8';
const RETRY_S = '1';
const WRITE = ['/write', '/api/v2/write'];
const PING = ['GET', 'HEAD'];
/** Clients ask which dialect they may speak. */
const VERSION = '1.8.0-sensorium';
const TAKEN: Answer = { status: 204, type: '', body: '' };
const CREATE_DATABASE = /^\s*create\s+database\b/i;

export class WriteIngest implements HttpInput {
  readonly methods = {
    '/write': ['POST'],
    '/api/v2/write': ['POST'],
    '/query': ['GET', 'POST'],
    '/ping': PING,
    '/health': PING,
  };
  readonly #bodies: Bodies;
  readonly #intake: Intake;
  readonly #series = new SeriesNames();

  constructor(hub: Hub, bodies: Bodies, refusals: Refusals, ack: Durability) {
    this.#bodies = bodies;
    this.#intake = new Intake(NAMES, hub, refusals, ack);
  }

  counters(): { readonly [name: string]: number } {
    return {
      ...this.#intake.counters(),
    };
  }

  answer(request: IncomingMessage, { path, query }: Target, caller: Caller): Answer | Promise<Answer> {
    if (WRITE.includes(path)) return this.#write(request, query, caller);
    switch (path) {
      case '/ping':
        return pong(query.get('verbose') === 'true');
      case '/health':
        return json(200, {
          name: 'sensorium',
          message: 'ready for writes',
          status: 'pass',
          version: VERSION,
        });
      default:
        return this.#bodies.hold(request, (body) => queryAnswer(query.get('q') ?? askedIn(body)));
    }
  }

  #write(request: IncomingMessage, query: URLSearchParams, caller: Caller): Answer | Promise<Answer> {
    const precision = query.get('precision') ?? 'ns';
    if (!isPrecision(precision)) {
      const detail = `precision is one of ${PRECISIONS.join(', ')}, got ${shown(precision)}`;
      return this.#refuse({ code: 'bad-query', detail }, '');
    }
    const ack = this.#intake.ackOf(query);
    if (!ack.ok) return this.#refuse(ack.problem, '');
    return this.#bodies.hold(request, (body) => this.#take(body, precision, ack.value, caller));
  }

  async #take(
    body: Result<Buffer, Refusal>,
    precision: Precision,
    ack: Durability,
    caller: Caller,
  ): Promise<Answer> {
    if (!body.ok) return this.#refuse(body.problem, '');
    const decoded = decodeLines(body.value, precision, this.#series);
    if (!decoded.ok) return this.#refuse(decoded.problem, sampleOf(body.value));
    const problem = await this.#intake.take(decoded.value, ack, body.value, caller);
    if (problem !== null) return this.#refuse(problem, '');
    return decoded.value.rejectedCount === 0 ? TAKEN : partialWrite(decoded.value);
  }

  #refuse(refusal: Refusal, payload: string): Answer {
    this.#intake.countRefused(refusal, payload);
    const isBusy = refusal.code === 'overloaded' || refusal.code === 'storage-failed';
    const status = isBusy ? 503 : PROBLEMS[refusal.code].status;
    return errorAnswer(status, refusal.detail, isBusy ? { 'retry-after': RETRY_S } : refusal.headers);
  }
}

function partialWrite({ rejected, rejectedCount, readings }: Decoded): Answer {
  const lines = rejected.map(({ line, why }) => `line ${line}: ${why}`).join('; ');
  const what = readings.length === 0 ? 'nothing was written' : 'partial write';
  return errorAnswer(400, `${what}: ${lines} dropped=${rejectedCount}`);
}

/** Clients of version 1 read `error`, those of version 2 `code` and `message`. */
function errorAnswer(status: number, text: string, headers: Answer['headers'] = {}): Answer {
  const code = status === 413 ? 'request too large' : status === 503 ? 'unavailable' : 'invalid';
  return {
    ...json(status, { error: text, code, message: text }),
    headers: { ...headers, 'x-influxdb-error': headerText(text) },
  };
}

function json(status: number, body: object): Answer {
  return { status, type: JSON_TYPE, body: `${JSON.stringify(body)}\n` };
}

function pong(isVerbose: boolean): Answer {
  const headers = { 'x-influxdb-version': VERSION, 'x-influxdb-build': 'Sensorium' };
  return isVerbose ? { ...json(200, { version: VERSION }), headers } : { ...TAKEN, headers };
}

/** The query of a form that was posted. */
function askedIn(body: Result<Buffer, Refusal>): string {
  return body.ok ? (new URLSearchParams(body.value.toString('utf8')).get('q') ?? '') : '';
}

/** Writers of version 1 make sure that their database is there. */
function queryAnswer(query: string): Answer {
  if (CREATE_DATABASE.test(query)) return json(200, { results: [{ statement_id: 0 }] });
  return errorAnswer(400, 'this path knows CREATE DATABASE alone; what was written is read at the API port');
}

function sampleOf(body: Buffer): string {
  return body.toString('utf8', 0, LIMITS.refusalPayloadBytesMax);
}

/** A header has no line breaks and no characters beyond ASCII. */
function headerText(text: string): string {
  return text.slice(0, 200).replace(/[^\x20-\x7e]/g, '?');
}
