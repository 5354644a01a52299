import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { LIMITS } from '../../model/limits.ts';
import { BodyBudget } from './body-budget.ts';
import { connected, ingest, post, stopIngest, textUntilEnd } from './testing.ts';

afterEach(stopIngest);

test('[IN8] all bodies in work share one budget, and give back what they took', () => {
  const budget = new BodyBudget(100);
  const [first, second] = [budget.lease(), budget.lease()];

  const taken = [first.take(60), second.take(30), second.take(11)];
  first.release();
  const again = second.take(70);

  expect(taken).toEqual([true, true, false]);
  expect(again).toBe(true);
});

test('[IN8] a body above the bound is refused, announced or not, and the connection goes on', async () => {
  const { url, hub } = await ingest();
  const large = new Uint8Array(LIMITS.ingestBodyBytesMax + 1).fill(0x20);
  const unannounced = new ReadableStream({
    start(controller) {
      controller.enqueue(large);
      controller.close();
    },
  });

  const answers = [
    await post(url, large),
    await post(url, unannounced, { duplex: 'half' } as RequestInit),
    await post(url, '{"sensor": "a", "value": 1}'),
  ];

  expect(answers.map(({ status }) => status)).toEqual([413, 413, 200]);
  expect(answers[0]?.body).toMatchObject({
    code: 'body-too-large',
    detail: 'a body has at most 4194304 bytes, also when inflated; send it in several',
  });
  expect(hub.submitted).toHaveLength(1);
});

test('[IN8] who asks before sending a body above the bound is refused at once', async () => {
  const { port } = await ingest();
  const socket = await connected(port);

  socket.write(
    `POST /ingest HTTP/1.1\r\nHost: ann\r\nExpect: 100-continue\r\nContent-Length: ${LIMITS.ingestBodyBytesMax + 1}\r\n\r\n`,
  );

  expect(await textUntilEnd(socket)).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"body-too-large"/);
});

test('[IN8] who asks before sending a body within the bound is told to go on', async () => {
  const { port } = await ingest();
  const socket = await connected(port);
  const body = '{"sensor": "a", "value": 1}';

  socket.write(
    `POST /ingest HTTP/1.1\r\nHost: ann\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  const [first] = await once(socket, 'data');
  socket.write(body);

  expect(String(first)).toMatch(/^HTTP\/1\.1 100 /);
  expect(await textUntilEnd(socket)).toMatch(/^HTTP\/1\.1 200 /);
});

test('[IN8] a request that does not arrive in time is ended', async () => {
  const { port, refusals } = await ingest({ requestTimeoutMs: 200 });
  const socket = await connected(port);

  socket.write('POST /ingest HTTP/1.1\r\nHost: ann\r\nContent-Length: 100\r\n\r\n{"sen');

  expect(await textUntilEnd(socket)).toMatch(
    /^HTTP\/1\.1 408 [\s\S]*"detail":"the request did not arrive in time"/,
  );
  expect(refusals.all().map(({ reason }) => reason)).toContain('request-timeout');
});

test('[IN8] connections above the bound are closed', async () => {
  const { port, refusals } = await ingest({ connectionsMax: 2 });
  const kept = [await connected(port), await connected(port)];

  const refused = connect(port, '127.0.0.1');
  await once(refused, 'close');

  expect(kept.every((socket) => !socket.destroyed)).toBe(true);
  expect(refusals.all()).toMatchObject([{ reason: 'too-many-connections', count: 1 }]);
  for (const socket of kept) socket.destroy();
});

test('[IN9] a gzip body is inflated', async () => {
  const { url, hub } = await ingest();

  const { status } = await post(url, gzipSync('{"sensor": "a", "value": 1}'), {
    headers: { 'content-encoding': 'gzip' },
  });

  expect(status).toBe(200);
  expect(hub.submitted).toHaveLength(1);
});

test('[IN9] a gzip body that inflates above the bound is refused', async () => {
  const { url } = await ingest();
  const bomb = gzipSync(Buffer.alloc(LIMITS.ingestBodyBytesMax + 1, ' '));

  const { status, body } = await post(url, bomb, { headers: { 'content-encoding': 'gzip' } });

  expect(status).toBe(413);
  expect(body).toMatchObject({ code: 'body-too-large' });
});

test('[IN8] gzip bodies held above the budget of all are refused, and what they held comes back', async () => {
  const { url, hub } = await ingest();
  const reading = '{"sensor": "a", "value": 1}';
  const body = gzipSync(reading.padEnd(LIMITS.ingestBodyBytesMax, ' '));
  const init = { headers: { 'content-encoding': 'gzip' } };
  const first: number[] = [];

  hub.holdDisk();
  const posts = Array.from({ length: 20 }, async () => first.push((await post(url, body, init)).status));
  // What came compressed is held too, so that one body less fits than the budget has room for.
  await hub.untilSubmitted(15);
  await expect.poll(() => first.length, { timeout: 10_000, interval: 10 }).toBe(5);
  const early = [...first];
  hub.releaseDisk();
  await Promise.all(posts);
  const later = await Promise.all(Array.from({ length: 15 }, () => post(url, body, init)));

  expect(new Set(early)).toEqual(new Set([429]));
  expect(first.slice(5)).toEqual(Array(15).fill(200));
  expect(later.map(({ status }) => status)).toEqual(Array(15).fill(200));
});
