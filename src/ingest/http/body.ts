// Receives the body of a request within bounds: of this one body, of what it inflates to, and of all bodies in
// work together. SPEC rules IN8, IN9.

import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ok, type Result, refused } from '../../kit/result.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Refusal } from './refusal.ts';

const inflate = promisify(gunzip);

/** Bytes that all requests in work hold together. */
export class BodyBudget {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  lease(): BodyLease {
    return new BodyLease((bytes) => {
      if (this.#bytes + bytes > this.#bytesMax) return false;
      this.#bytes += bytes;
      return true;
    });
  }
}

/** What one request holds of the budget, until its answer is given. */
export class BodyLease {
  readonly #take: (bytes: number) => boolean;
  #held = 0;

  constructor(take: (bytes: number) => boolean) {
    this.#take = take;
  }

  take(bytes: number): boolean {
    if (!this.#take(bytes)) return false;
    this.#held += bytes;
    return true;
  }

  release(): void {
    this.#take(-this.#held);
    this.#held = 0;
  }
}

export async function receiveBody(
  request: IncomingMessage,
  lease: BodyLease,
): Promise<Result<Buffer, Refusal>> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const isGzip = encoding === 'gzip' || encoding === 'x-gzip';
  if (!isGzip && encoding !== 'identity') return refused(unsupported(encoding));
  if (announcesTooMuch(request)) return refused(tooLarge());

  const body = await collect(request, lease);
  return body.ok && isGzip ? unzip(body.value, lease) : body;
}

/** Before a byte of the body has come. */
export function announcesTooMuch(request: IncomingMessage): boolean {
  return Number(request.headers['content-length'] ?? 0) > LIMITS.ingestBodyBytesMax;
}

function tooLarge(): Refusal {
  const detail = `a body has at most ${LIMITS.ingestBodyBytesMax} bytes, also when inflated; send it in several`;
  return { status: 413, code: 'body_too_large', detail };
}

function collect(request: IncomingMessage, lease: BodyLease): Promise<Result<Buffer, Refusal>> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let length = 0;
    // After a refusal the rest still flows, and is thrown away, so that the client can read the answer.
    const refuse = (refusal: Refusal) => {
      chunks = [];
      resolve(refused(refusal));
    };
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > LIMITS.ingestBodyBytesMax) refuse(tooLarge());
      else if (!lease.take(chunk.length)) refuse(overloaded());
      else chunks.push(chunk);
    });
    request.on('end', () =>
      resolve(ok(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))),
    );
    request.on('error', () => refuse(brokenOff()));
    request.on('close', () => refuse(brokenOff()));
  });
}

async function unzip(bytes: Buffer, lease: BodyLease): Promise<Result<Buffer, Refusal>> {
  try {
    const inflated = await inflate(bytes, { maxOutputLength: LIMITS.ingestBodyBytesMax });
    return lease.take(inflated.length) ? ok(inflated) : refused(overloaded());
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : '';
    if (code === 'ERR_BUFFER_TOO_LARGE') return refused(tooLarge());
    return refused({
      status: 400,
      code: 'bad_body',
      detail: 'the body is not whole gzip, as Content-Encoding says',
    });
  }
}

function unsupported(encoding: string): Refusal {
  return {
    status: 415,
    code: 'unsupported_encoding',
    detail: `Content-Encoding is gzip or identity, got ${JSON.stringify(encoding.slice(0, 80))}`,
    headers: { 'accept-encoding': 'gzip' },
  };
}

function overloaded(): Refusal {
  return {
    status: 429,
    code: 'overloaded',
    detail: 'too many bytes are in work at this node; send again a little later',
    headers: { 'retry-after': '1' },
  };
}

function brokenOff(): Refusal {
  return { status: 400, code: 'bad_body', detail: 'the connection ended before the body did' };
}
