// Asks a node over HTTP, or over HTTPS by what SENSORIUM_CA names: a file with the authority of its site, as `sensorium ca`
// prints it. SPEC rule TR22.

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { Readable } from 'node:stream';
import { Failure } from './failure.ts';

export interface Asked {
  readonly method?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** One for all requests of a process. */
let agent: Agent | null = null;

/** Rejects where no node answers, with a `Failure` where one answers that is not trusted. */
export async function askApi(url: string, asked: Asked): Promise<Response> {
  const { SENSORIUM_CA: file } = process.env;
  try {
    if (!url.startsWith('https:') || file === undefined) return await fetch(url, asked);
    agent ??= new Agent({ ca: authorityIn(file), keepAlive: true });
    return await overTls(url, asked, agent);
  } catch (cause) {
    const problem = certificateProblem(cause);
    if (problem === null) throw cause;
    const todo = 'SENSORIUM_CA names a file with what sensorium ca prints at a node of the site';
    throw new Failure(`${new URL(url).origin} is not trusted (${problem}): ${todo}`, 1, { cause });
  }
}

function overTls(
  url: string,
  { method = 'GET', headers, body, signal }: Asked,
  by: Agent,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const options = { method, agent: by, ...(headers && { headers }), ...(signal && { signal }) };
    const sent = request(url, options, (incoming) => {
      const { statusCode: status = 502, statusMessage: statusText = '' } = incoming;
      const empty = status === 204 || status === 304;
      resolve(new Response(empty ? null : Readable.toWeb(incoming), { status, statusText }));
    });
    sent.once('error', reject).end(body);
  });
}

function authorityIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Failure(`SENSORIUM_CA ${file} cannot be read`, 2, { cause });
  }
}

/** What is wrong with the certificate that was shown, where that is what it was. */
function certificateProblem(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const code = 'code' in error ? String(error.code) : '';
  if (/CERT|LEAF_SIGNATURE|ISSUER/.test(code)) return code;
  return certificateProblem(error.cause);
}
