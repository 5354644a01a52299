// A listener with a hub of its own, and ways to talk to it over real sockets.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Anonymous } from '../../access/gate.ts';
import { gateOf } from '../../access/testing.ts';
import type { Durability } from '../../hub/hub.ts';
import { recordingLog, silentLog } from '../../kit/testing.ts';
import { httpInputs } from '../http-inputs.ts';
import { Refusals } from '../refusals.ts';
import { annsHub } from '../testing.ts';
import { HttpIngest, type HttpIngestOptions } from './http-ingest.ts';

let running: HttpIngest | null = null;

/** To be called after each test. */
export async function stopIngest(): Promise<void> {
  await running?.stop();
  running = null;
}

export async function ingest(
  given: Partial<HttpIngestOptions> & { readonly ack?: Durability; readonly anonymous?: Anonymous } = {},
) {
  const { ack = 'stored', anonymous = 'loopback', ...options } = given;
  const hub = annsHub();
  const gate = gateOf(hub, anonymous);
  const refusals = new Refusals(silentLog, () => Date.now());
  const log = recordingLog();
  const listener = await HttpIngest.start(
    log,
    { host: '127.0.0.1', port: 0, connectionsMax: 256, requestTimeoutMs: 10_000, refusals, gate, ...options },
    httpInputs(hub, refusals, ack),
  );
  running = listener;
  return {
    hub,
    log,
    refusals,
    gate,
    listener,
    port: listener.port,
    url: `http://127.0.0.1:${listener.port}/ingest`,
  };
}

export async function post(url: string, body: RequestInit['body'] | Uint8Array, init: RequestInit = {}) {
  const response = await fetch(url, {
    method: 'POST',
    body: body as NonNullable<RequestInit['body']>,
    ...init,
  });
  const answer: { readonly [name: string]: unknown } = JSON.parse(await response.text());
  return { status: response.status, headers: response.headers, body: answer };
}

export async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

export async function textUntilEnd(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}
