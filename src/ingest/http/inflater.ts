// Inflates gzip bodies, few at a time. What a body inflates to is known only afterwards, so the most it may
// become is leased before, and the rest given back. SPEC rules IN8, IN9.

import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ok, type Result, refused } from '../../kit/result.ts';
import { LIMITS } from '../../model/limits.ts';
import type { BodyLease } from './body-budget.ts';
import { bodiesOverloaded, bodyTooLarge, type Refusal } from './refusal.ts';

const gunzipAsync = promisify(gunzip);

export class Inflater {
  /** Who waits for a turn, longest first. */
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  async inflate(bytes: Buffer, lease: BodyLease): Promise<Result<Buffer, Refusal>> {
    if (this.#underWay < LIMITS.ingestInflationsMax) this.#underWay++;
    // One connection may send several requests ahead of their answers, so connections alone are no bound.
    else if (this.#waiting.length >= LIMITS.ingestConnectionsMax) return refused(bodiesOverloaded());
    else await new Promise<void>((turn) => this.#waiting.push(turn));

    try {
      return await inflateLeased(bytes, lease);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#underWay--;
    }
  }
}

async function inflateLeased(bytes: Buffer, lease: BodyLease): Promise<Result<Buffer, Refusal>> {
  const bytesMax = LIMITS.ingestBodyBytesMax;
  if (!lease.take(bytesMax)) return refused(bodiesOverloaded());
  let kept = 0;
  try {
    const inflated = await gunzipAsync(bytes, { maxOutputLength: bytesMax });
    kept = inflated.length;
    return ok(inflated);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : '';
    return refused(code === 'ERR_BUFFER_TOO_LARGE' ? bodyTooLarge() : notGzip());
  } finally {
    lease.giveBack(bytesMax - kept);
  }
}

function notGzip(): Refusal {
  return {
    code: 'bad-body',
    detail: 'the body is not whole gzip, as Content-Encoding says',
  };
}
