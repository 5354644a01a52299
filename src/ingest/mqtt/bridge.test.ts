import { afterEach, expect, test } from 'vitest';
import { silentLog } from '../../kit/testing.ts';
import { Bridge } from './bridge.ts';
import { stopBroker, TestBroker, testBroker } from './testing.ts';

let bridges: Bridge[] = [];
let other: TestBroker | null = null;

afterEach(async () => {
  await Promise.all(bridges.map((bridge) => bridge.stop()));
  bridges = [];
  await other?.stop();
  other = null;
  await stopBroker();
});

test('[MQ17] what another broker has comes in as if it were published here, and what was retained there is retained here', async () => {
  const { here, there } = await bridged();
  const listener = await here.client();
  await listener.client.subscribeAsync('#');
  const { client } = await there.client();

  await client.publishAsync('bed1/temperature', '21.5', { qos: 1 });
  await client.publishAsync('hall/note', 'the key', { qos: 2, retain: true });
  await listener.untilHeard(2);
  const late = await here.client();
  await late.client.subscribeAsync('hall/#');
  const [kept] = await late.untilHeard(1);

  expect(listener.heard.map(({ topic, payload }) => [topic, payload])).toEqual([
    ['bed1/temperature', '21.5'],
    ['hall/note', 'the key'],
  ]);
  expect(kept?.payload).toBe('the key');
  expect(here.hub.submitted[0]).toMatchObject({ sensor: 'bed1/temperature', value: 21.5 });
});

test('[MQ17] two sites that bridge each other in do not send a message round', async () => {
  const { here, there, addBridge } = await bridged();
  addBridge(there, here, 'site-b');
  const listener = await here.client();
  await listener.client.subscribeAsync('#', { qos: 1 });
  const { client } = await here.client();
  await until(() => here.broker.exchange.sessions.subscriptions === 2);
  await client.publishAsync('bed1/lamp/set', 'ON', { qos: 1 });
  const far = await there.client();
  await far.client.publishAsync('far/lamp/set', 'ON', { qos: 1 });
  await listener.untilHeard(2);

  expect(listener.heard.map(({ topic }) => topic)).toEqual(['bed1/lamp/set', 'far/lamp/set']);
});

test('[MQ17] a client that is a bridge gets nothing that came over a bridge', async () => {
  const { here, there } = await bridged();
  const bridge = await here.client({
    protocolVersion: 5,
    properties: { userProperties: { 'sensorium-bridge': 'elsewhere' } },
  });
  const plain = await here.client();
  for (const { client } of [bridge, plain]) await client.subscribeAsync('#', { qos: 1 });
  const { client } = await there.client();

  await client.publishAsync('from/there/set', '1', { qos: 1 });
  await plain.untilHeard(1);
  const local = await here.client();
  await local.client.publishAsync('from/here/set', '2', { qos: 1 });
  await bridge.untilHeard(1);

  expect(bridge.heard.map(({ topic }) => topic)).toEqual(['from/here/set']);
});

test('[MQ17] what comes back over another broker is known by its mark and not taken in again', async () => {
  const { here, there } = await bridged();
  const { client } = await there.client({ protocolVersion: 5 });
  const properties = { userProperties: { 'sensorium-bridge': 'site-a' } };

  await client.publishAsync('bed1/lamp/set', 'ON', { qos: 1, properties });
  await until(() => bridges[0]?.counters().mqtt_bridge_messages_looped_total === 1);

  expect(here.broker.counters().mqtt_messages_received_total).toBe(0);
});

/** `here` takes in what `there` has. */
async function bridged() {
  const here = await testBroker();
  const there = new TestBroker('stored', [], false, 'loopback');
  other = there;
  await there.listen();
  const addBridge = (to: TestBroker, from: TestBroker, site: string) => {
    const address = { host: '127.0.0.1', port: from.port, username: null, password: null };
    const bridge = new Bridge(to.broker, silentLog, {
      address,
      topics: ['#'],
      clientId: `sensorium-${site}`,
      site,
    });
    bridges.push(bridge);
  };
  addBridge(here, there, 'site-a');
  await until(() => there.broker.exchange.sessions.subscriptions === 1);
  return { here, there, addBridge };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resume) => setTimeout(resume, 5));
}
