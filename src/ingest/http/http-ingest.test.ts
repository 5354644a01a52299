import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage, Server } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { SubmitRefused } from '../../hub/hub.ts';
import { OVERLOADED } from '../testing.ts';
import { connected, ingest, post, stopIngest, textUntilEnd } from './testing.ts';

afterEach(stopIngest);

test('[IN6] readings are stored, and the answer says how many, where and under which numbers', async () => {
  const { url, hub } = await ingest();
  await post(url, '{"sensor": "bed0", "value": 1}');

  const { status, body, headers } = await post(
    url,
    '{"sensor": "bed1/temperature", "value": 21.5}\nwarm\n{"sensor": "bed2", "value": true}\n',
  );

  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(body).toEqual({
    accepted: 2,
    rejected: [{ line: 2, why: 'not JSON: Unexpected token \'w\', "warm" is not valid JSON' }],
    rejected_count: 1,
    ack: 'stored',
    origin: 'ann',
    first_n: 2,
  });
  expect(hub.submitted.map(({ sensor }) => sensor)).toEqual(['bed0', 'bed1/temperature', 'bed2']);
});

test('[IN6] the answer waits until the readings are stored', async () => {
  const { url, hub } = await ingest();
  hub.holdDisk();
  let answered = false;

  const answer = post(url, '{"sensor": "bed1", "value": 1}').finally(() => {
    answered = true;
  });
  await hub.untilSubmitted(1);
  const early = answered;
  hub.releaseDisk();

  expect((await answer).status).toBe(200);
  expect(early).toBe(false);
});

test.each([
  ['?ack=committed', 'stored'],
  ['', 'committed'],
] as const)(
  '[IN6] where committed is asked (query %j, default %s) it is committed, or stored and said so',
  async (query, ack) => {
    const { url, hub } = await ingest({ ack });

    const given = await post(url + query, '{"sensor": "bed1", "value": 1}');
    hub.history.quorum = false;
    const { status, body, headers } = await post(url + query, '{"sensor": "bed1", "value": 2}');

    expect(given.status).toBe(200);
    expect(given.body).toMatchObject({ accepted: 1, ack: 'committed', origin: 'ann', first_n: 1 });
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('1');
    expect(body).toMatchObject({ accepted: 1, ack: 'stored', origin: 'ann', first_n: 2 });
    expect(hub.submitted).toHaveLength(2);
  },
);

test('[IN6] stored is answered also where nothing can be committed', async () => {
  const { url, hub } = await ingest({ ack: 'committed' });
  hub.history.quorum = false;

  const { status, body } = await post(`${url}?ack=stored`, '{"sensor": "bed1", "value": 1}');

  expect([status, body.ack]).toEqual([200, 'stored']);
});

test('[IN7] where nothing could be accepted the answer is 400 with what was rejected', async () => {
  const { url, hub } = await ingest();

  const { status, body, headers } = await post(url, '[{"sensor": "bed1"}, 7]');

  expect(status).toBe(400);
  expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(body).toEqual({
    type: 'urn:sensorium:problem:nothing-accepted',
    title: 'No reading could be accepted',
    status: 400,
    code: 'nothing-accepted',
    detail:
      'no reading could be accepted; the first: the field value is missing; an item has the fields sensor, value and, if wanted, ts and unit',
    accepted: 0,
    rejected: [
      {
        line: 1,
        why: 'the field value is missing; an item has the fields sensor, value and, if wanted, ts and unit',
      },
      { line: 2, why: 'an item is an object such as {"sensor": "bed1/temperature", "value": 21.5}' },
    ],
    rejected_count: 2,
  });
  expect(hub.submitted).toEqual([]);
});

test.each<[string, string, RequestInit, number, string, string]>([
  ['another path', '/ingests', {}, 404, 'not-found', 'nothing is at "/ingests"; GET / says what is here'],
  [
    'a GET',
    '/ingest',
    { method: 'GET', body: null },
    405,
    'method-not-allowed',
    '/ingest takes POST, not GET',
  ],
  ['a POST of the start page', '/', {}, 405, 'method-not-allowed', '/ takes GET, HEAD, not POST'],
  ['an unknown ack', '/ingest?ack=sent', {}, 400, 'bad-query', 'ack is stored or committed, got "sent"'],
  [
    'an unknown query',
    '/ingest?acks=stored',
    {},
    400,
    'bad-query',
    'the query of /ingest knows ack, got "acks"',
  ],
  [
    'an empty body',
    '/ingest',
    { body: '' },
    400,
    'bad-body',
    'the body is empty; send one reading, a list of them, or NDJSON',
  ],
  [
    'a brotli body',
    '/ingest',
    { headers: { 'content-encoding': 'br' } },
    415,
    'unsupported-encoding',
    'Content-Encoding is gzip, snappy or identity, got "br"',
  ],
  [
    'what is said to be gzip',
    '/ingest',
    { headers: { 'content-encoding': 'gzip' } },
    400,
    'bad-body',
    'the body is not whole gzip, as Content-Encoding says',
  ],
  [
    'a long key',
    '/ingest',
    { headers: { 'idempotency-key': 'k'.repeat(201) } },
    400,
    'bad-query',
    `an Idempotency-Key is 1 to 200 printable ASCII characters, got "${'k'.repeat(80)}"`,
  ],
])('[IN7] %s is refused', async (_, path, init, status, code, detail) => {
  const { url, hub } = await ingest();

  const answer = await post(url.replace('/ingest', path), '{"sensor": "a", "value": 1}', init);

  expect(answer.status).toBe(status);
  expect(answer.body).toMatchObject({ status, code, detail });
  expect(hub.submitted).toEqual([]);
});

test('[IN7] 405 says what is allowed', async () => {
  const { url } = await ingest();

  const { headers } = await post(url, null, { method: 'DELETE', body: null });

  expect(headers.get('allow')).toBe('POST');
});

test('[IN7] an overloaded hub is 429, one that never takes it 400, one that broke 503', async () => {
  const { url, hub } = await ingest();
  const answers = [];

  for (const refusal of [OVERLOADED, new SubmitRefused('an origin has at most 100000 sensors', false)]) {
    hub.refusal = refusal;
    answers.push(await post(url, '{"sensor": "a", "value": 1}'));
  }
  hub.submit = () => Promise.reject(new Error('disk full'));
  answers.push(await post(url, '{"sensor": "a", "value": 1}'));

  expect(answers.map(({ status }) => status)).toEqual([429, 400, 503]);
  expect(answers.map(({ headers }) => headers.get('retry-after'))).toEqual(['1', null, null]);
  expect(answers.map(({ body }) => body)).toMatchObject([
    { code: 'overloaded', detail: 'too many submits are waiting for the disk' },
    { code: 'nothing-accepted', detail: 'an origin has at most 100000 sensors' },
    { code: 'storage-failed', detail: 'the readings could not be stored at this node' },
  ]);
});

test('[IN7] what is no HTTP is answered by a problem', async () => {
  const { port } = await ingest();
  const socket = await connected(port);

  socket.write('hello\r\n\r\n');

  expect(await textUntilEnd(socket)).toMatch(
    /^HTTP\/1\.1 400 [\s\S]*"detail":"this is not an HTTP\/1.1 request"/,
  );
});

test('[IN10] the same key is given the same answer and takes no new number', async () => {
  const { url, hub } = await ingest();
  const headers = { 'idempotency-key': 'truck 7, 12:00' };

  const first = await post(url, '{"sensor": "a", "value": 1}\nx', { headers });
  await post(url, '{"sensor": "b", "value": 2}');
  const again = await post(url, '{"sensor": "a", "value": 1}\nx', { headers });
  const committed = await post(`${url}?ack=committed`, '{"sensor": "a", "value": 1}\nx', { headers });

  expect(again).toMatchObject({ status: 200, body: first.body });
  expect(committed).toMatchObject({ status: 200, body: { ...first.body, ack: 'committed' } });
  expect((await hub.log(1, 10)).readings.map(({ n }) => n)).toEqual([1, 2]);
});

test('[IN10] a key whose readings could not be committed in time is answered for them when they are', async () => {
  const { url, hub } = await ingest({ ack: 'committed' });
  const headers = { 'idempotency-key': 'k' };
  hub.history.quorum = false;

  const first = await post(url, '{"sensor": "a", "value": 1}', { headers });
  const still = await post(url, '{"sensor": "a", "value": 1}', { headers });
  hub.history.quorum = true;
  const then = await post(url, '{"sensor": "a", "value": 1}', { headers });

  expect([first.status, still.status, then.status]).toEqual([503, 503, 200]);
  expect(then.body).toEqual({ ...first.body, ack: 'committed' });
  expect((await hub.log(1, 10)).readings).toHaveLength(1);
});

test('[IN10] one key asked for in two ways at once is one submit', async () => {
  const { url, hub } = await ingest();
  hub.holdDisk();

  const first = post(url, '{"sensor": "a", "value": 1}', { headers: { 'idempotency-key': 'k' } });
  await hub.untilSubmitted(1);
  const second = postOnOwnConnection(`${url}?ack=committed`, '{"sensor": "a", "value": 1}', 'k');
  await second.sent;
  hub.releaseDisk();

  expect([(await first).body, await second.body]).toMatchObject([
    { first_n: 1, ack: 'stored' },
    { first_n: 1, ack: 'committed' },
  ]);
  expect((await hub.log(1, 10)).readings).toHaveLength(1);
});

test('[IN10] two requests with one key at the same time are one submit', async () => {
  const { url, hub } = await ingest();
  const init = { headers: { 'idempotency-key': 'k' } };
  hub.holdDisk();

  const first = post(url, '{"sensor": "a", "value": 1}', init);
  await hub.untilSubmitted(1);
  const second = postOnOwnConnection(url, '{"sensor": "a", "value": 1}', 'k');
  await second.sent;
  hub.releaseDisk();

  expect([(await first).body, await second.body]).toEqual([
    expect.objectContaining({ first_n: 1 }),
    expect.objectContaining({ first_n: 1 }),
  ]);
  expect(hub.submitted).toHaveLength(1);
});

test('[IN11] what is refused is counted by reason, with the last payload', async () => {
  const { url, refusals, listener } = await ingest();

  await post(url, '{"sensor": "a", "value": 1}\n{"sensor": "b"}\nwarm');
  await post(url, '[warm');

  expect(refusals.all()).toMatchObject([
    { input: 'http', reason: 'bad-body', count: 1, lastPayload: '[warm' },
    { input: 'http', reason: 'item-rejected', count: 2, lastPayload: '{"sensor": "b"}' },
  ]);
  expect(listener.counters()).toMatchObject({
    http_ingest_requests_total: 2,
    http_ingest_readings_accepted_total: 1,
    http_ingest_readings_rejected_total: 2,
  });
});

test('[IN12] the start page says what this is, and healthz that it works', async () => {
  const { url } = await ingest();

  const start = await fetch(url.replace('/ingest', '/'));
  const health = await fetch(url.replace('/ingest', '/healthz'), { method: 'HEAD' });

  expect(await start.text()).toMatch(/^This is the HTTP input of a Sensorium node\.\n/);
  expect([start.status, health.status]).toEqual([200, 200]);
});

test('[IN12] an error of the listener is logged, and it goes on', async () => {
  const { url, log } = await ingest();
  const healthz = url.replace('/ingest', '/healthz');
  const server = await serverBehind(healthz);

  server.emit('error', new Error('accept EMFILE'));
  const { status } = await fetch(healthz);

  expect(status).toBe(200);
  expect(log.lines.filter(({ level }) => level === 'error')).toEqual([
    { level: 'error', message: 'HTTP ingest listener failed', fields: { why: 'accept EMFILE' } },
  ]);
});

test('[IN12] a request in flight is answered when the listener stops, and new ones find it closed', async () => {
  const { url, hub, listener, port } = await ingest();
  const silent = await connected(port);
  hub.holdDisk();

  const answer = post(url, '{"sensor": "a", "value": 1}');
  await hub.untilSubmitted(1);
  const stopped = listener.stop();
  const refused = connect(port, '127.0.0.1');
  const [error] = await once(refused, 'error');
  hub.releaseDisk();

  expect((await answer).status).toBe(200);
  await stopped;
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  expect(silent.readableEnded || silent.destroyed || (await textUntilEnd(silent)) === '').toBe(true);
});

test('[IN6] many connections at once are all answered, each with numbers of its own', async () => {
  const { url, hub } = await ingest();

  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) => post(url, `{"sensor": "s${i}", "value": ${i}}`)),
  );

  const numbers = answers.map(({ body }) => body.first_n);
  expect(new Set(numbers).size).toBe(100);
  expect(hub.submitted).toHaveLength(100);
});

function postOnOwnConnection(url: string, body: string, key: string) {
  const request = httpRequest(url, {
    method: 'POST',
    agent: new Agent(),
    headers: { 'idempotency-key': key },
  });
  const answered = once(request, 'response').then(async ([response]: IncomingMessage[]) => {
    let text = '';
    for await (const chunk of response ?? []) text += chunk;
    return JSON.parse(text);
  });
  const sent = new Promise<void>((resolve) => request.end(body, resolve));
  return { sent, body: answered };
}

/** Node itself tells which server a request came to. */
async function serverBehind(url: string): Promise<Server> {
  const found: Server[] = [];
  const note = (message: unknown) => {
    if (typeof message !== 'object' || message === null || !('server' in message)) return;
    if (message.server instanceof Server) found.push(message.server);
  };
  subscribe('http.server.request.start', note);
  await fetch(url);
  unsubscribe('http.server.request.start', note);
  const [server] = found;
  if (!server) throw new Error('no server answered');
  return server;
}
