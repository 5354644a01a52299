import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { NO_PROPERTIES } from './packet.ts';
import { encodePacket } from './packet-writer.ts';
import { stopBroker, testBroker } from './testing.ts';
import { Wills } from './wills.ts';

afterEach(stopBroker);

test('[MQ8] a will is told when its delay is over, and not when the client is back before', () => {
  const wills = new Wills();
  const told: string[] = [];
  wills.wait('ann', 100, () => told.push('ann'));
  wills.wait('bob', 100, () => told.push('bob'));

  wills.tellDue(99);
  wills.cancel('bob');
  wills.tellDue(100);
  wills.tellDue(200);

  expect(told).toEqual(['ann']);
});

test('[MQ8] the will of a session that ends is told at once', () => {
  const wills = new Wills();
  const told: string[] = [];
  wills.wait('ann', 100, () => told.push('ann'));

  wills.tellNow('ann');
  wills.tellDue(100);

  expect(told).toEqual(['ann']);
});

test('[MQ8] a client that is silent for one and a half times its keep-alive is let go, and its will told', async () => {
  const site = await testBroker();
  const listener = await site.client();
  await listener.client.subscribeAsync('wills/#');
  const socket = connect(site.port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.once('close', () => resolve('closed')));
  socket.resume();

  socket.write(
    encodePacket(
      {
        type: 'connect',
        level: 4,
        bridge: false,
        clientId: 'silent',
        clean: true,
        keepAliveS: 1,
        will: {
          topic: 'wills/silent',
          payload: Buffer.from('gone'),
          qos: 0,
          retain: false,
          properties: NO_PROPERTIES,
        },
        username: null,
        password: null,
        properties: NO_PROPERTIES,
      },
      4,
    ),
  );
  const [heard] = await listener.untilHeard(1);

  expect(heard?.payload).toBe('gone');
  expect(await closed).toBe('closed');
});
