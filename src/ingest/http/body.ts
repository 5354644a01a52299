// Receives the body of a request within bounds: of this one body, of what it inflates to, and of all bodies in
// work together. SPEC rules IN8, IN9.

import type { IncomingMessage } from 'node:http';
import { ok, type Result, refused } from '../../kit/result.ts';
import { LIMITS } from '../../model/limits.ts';
import type { BodyLease } from './body-budget.ts';
import type { Inflater } from './inflater.ts';
import { bodiesOverloaded, bodyTooLarge, type Refusal } from './refusal.ts';
import { unsnap } from './snappy.ts';

export async function receiveBody(
  request: IncomingMessage,
  lease: BodyLease,
  inflater: Inflater,
): Promise<Result<Buffer, Refusal>> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const isGzip = encoding === 'gzip' || encoding === 'x-gzip';
  const isSnappy = encoding === 'snappy';
  if (!isGzip && !isSnappy && encoding !== 'identity') return refused(unsupported(encoding));
  if (announcesTooMuch(request)) return refused(bodyTooLarge());

  const body = await collect(request, lease);
  if (body.ok && isSnappy) return unsnap(body.value, lease);
  return body.ok && isGzip ? inflater.inflate(body.value, lease) : body;
}

/** Before a byte of the body has come. */
export function announcesTooMuch(request: IncomingMessage): boolean {
  return Number(request.headers['content-length'] ?? 0) > LIMITS.ingestBodyBytesMax;
}

function collect(request: IncomingMessage, lease: BodyLease): Promise<Result<Buffer, Refusal>> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let length = 0;
    let done = false;
    // After a refusal the rest still flows, and is thrown away, so that the client can read the answer.
    const refuse = (refusal: Refusal) => {
      done = true;
      chunks = [];
      resolve(refused(refusal));
    };
    request.on('data', (chunk: Buffer) => {
      if (done) return;
      length += chunk.length;
      if (length > LIMITS.ingestBodyBytesMax) refuse(bodyTooLarge());
      else if (!lease.take(chunk.length)) refuse(bodiesOverloaded());
      else chunks.push(chunk);
    });
    request.on('end', () =>
      resolve(ok(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks))),
    );
    request.on('error', () => refuse(brokenOff()));
    request.on('close', () => refuse(brokenOff()));
  });
}

function unsupported(encoding: string): Refusal {
  return {
    code: 'unsupported-encoding',
    detail: `Content-Encoding is gzip, snappy or identity, got ${JSON.stringify(encoding.slice(0, 80))}`,
    headers: { 'accept-encoding': 'gzip, snappy' },
  };
}

function brokenOff(): Refusal {
  return { code: 'bad-body', detail: 'the connection ended before the body did' };
}
