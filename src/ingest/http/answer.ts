// What a request is answered. The body of an accepted one is built before its readings are stored, so that a
// receipt can carry it; only the first number is added afterwards. SPEC rules IN6, IN7, IN10.

import type { Durability } from '../../hub/hub.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { PROBLEM_MEDIA_TYPE, PROBLEMS } from '../../model/problems.ts';
import type { Decoded } from './decoded.ts';
import { problemText, type Refusal } from './refusal.ts';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: { readonly [name: string]: string };
}

const JSON_TYPE = 'application/json; charset=utf-8';
const PROBLEM_TYPE = `${PROBLEM_MEDIA_TYPE}; charset=utf-8`;
const TEXT_TYPE = 'text/plain; charset=utf-8';
/** A quorum takes a moment to come back. */
const RETRY_UNCOMMITTED_S = '1';

export function textAnswer(body: string): Answer {
  return { status: 200, type: TEXT_TYPE, body };
}

export function refusalAnswer(refusal: Refusal): Answer {
  const { code, headers = {} } = refusal;
  return { status: PROBLEMS[code].status, type: PROBLEM_TYPE, body: problemText(refusal), headers };
}

/** `ack`: what is promised of the readings. Who wanted more is told so, with the same body. (IN6) */
export function acceptedAnswer(wanted: Durability, ack: Durability, receipt: string, firstN: number): Answer {
  const body = `${receipt.slice(0, -1)},"ack":"${ack}","first_n":${firstN}}`;
  if (wanted === 'stored' || ack === 'committed') return { status: 200, type: JSON_TYPE, body };
  return { status: 503, type: JSON_TYPE, body, headers: { 'retry-after': RETRY_UNCOMMITTED_S } };
}

/** Everything of an accepted request's answer but `ack` and `first_n`: a JSON object's text. */
export function receiptOf(decoded: Decoded, origin: PeerId): string {
  const rejected = [...decoded.rejected];
  for (;;) {
    const receipt = JSON.stringify({
      accepted: decoded.readings.length,
      rejected,
      rejected_count: decoded.rejectedCount,
      origin,
    });
    if (rejected.length === 0 || Buffer.byteLength(receipt) <= LIMITS.idempotencyAnswerBytesMax)
      return receipt;
    rejected.length = Math.floor(rejected.length / 2);
  }
}
