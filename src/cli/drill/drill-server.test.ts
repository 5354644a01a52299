import { request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LocalCluster } from '../cluster/local-cluster.ts';
import { DrillDesk } from './drill-desk.ts';
import { DrillGround } from './drill-ground.ts';
import { DrillServer } from './drill-server.ts';

const TOKEN = '0123456789abcdef';
const PAGE_PORT = 10_000;
let server: DrillServer;

beforeEach(async () => {
  // A cluster of no node: whoever is named is not there.
  const cluster = await LocalCluster.start({
    plans: [],
    dataDirectory: '/tmp',
    environment: {},
    heard: () => {},
    ended: () => {},
  });
  const desk = new DrillDesk(new DrillGround(cluster, '/tmp'));
  server = await DrillServer.start(desk, { token: TOKEN, pagePorts: [PAGE_PORT] });
});
afterEach(() => server.stop());

test('[CL30] without the token of the run nothing is answered', async () => {
  const without = await ask({});
  const wrong = await ask({ Authorization: 'Bearer 0123456789abcdee' });
  const right = await ask({ Authorization: `Bearer ${TOKEN}` });

  expect([without.status, wrong.status, right.status]).toEqual([401, 401, 200]);
  expect(right.json).toMatchObject({
    nodes: [],
    side: [],
    busy: '',
    measuring: false,
    story: [],
    reports: [],
  });
});

test('[CL30] of pages, those that nodes of the cluster serve are answered, and no others', async () => {
  const known = { Authorization: `Bearer ${TOKEN}` };

  const own = await ask({ ...known, Origin: `http://127.0.0.1:${PAGE_PORT}` });
  const foreign = await ask({ ...known, Origin: 'http://evil.example' });
  const preflight = await ask({ Origin: `http://localhost:${PAGE_PORT}` }, 'OPTIONS');

  expect([own.status, own.allowed]).toEqual([200, `http://127.0.0.1:${PAGE_PORT}`]);
  expect([foreign.status, foreign.allowed]).toEqual([403, undefined]);
  expect([preflight.status, preflight.allowed]).toEqual([204, `http://localhost:${PAGE_PORT}`]);
});

test('[CL30] a name that was made to point here is not answered', async () => {
  const answer = await ask({ Authorization: `Bearer ${TOKEN}`, Host: `evil.example:${server.port}` });

  expect(answer.status).toBe(403);
});

test('[CL30] an act on a node that is not there is refused with those that are', async () => {
  const answer = await act('{"act":"kill","node":"ann"}');

  expect(answer.status).toBe(409);
  expect(answer.json).toEqual({ problem: expect.stringContaining('no node "ann"') });
});

test('[CL30] an act is bounded, and one that makes no sense is answered with what is allowed', async () => {
  const large = await act(' '.repeat(70_000));
  const senseless = await act('{"act":"burn"}');

  expect(large.status).toBe(413);
  expect(senseless.status).toBe(400);
  expect(senseless.json).toEqual({ problem: expect.stringContaining('kill') });
});

test('[CL31] an end without a beginning is refused', async () => {
  const answer = await act('{"act":"end"}');

  expect([answer.status, answer.json]).toEqual([409, { problem: 'nothing is being measured' }]);
});

function act(body: string) {
  return ask({ Authorization: `Bearer ${TOKEN}` }, 'POST', body);
}

/** Not `fetch`, which sets Host and Origin itself. */
function ask(headers: { readonly [name: string]: string }, method = 'GET', body = '') {
  return new Promise<{ status: number; allowed: string | undefined; json: unknown }>((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port: server.port, path: '/drill', method, headers, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            allowed: response.headers['access-control-allow-origin'],
            json: text === '' ? null : JSON.parse(text),
          }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}
