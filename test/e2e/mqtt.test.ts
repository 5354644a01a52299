// MQTT between real nodes, with clients nobody here wrote. Without them the tests are skipped by name.

import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../../src/host/network/free-ports.ts';
import {
  broker,
  collectd,
  collectdProgram,
  hasMosquitto,
  hasMosquittoClients,
  hasPaho,
  paho,
  publish,
  received,
  subscribed,
} from './mqtt-client.ts';
import { ended } from './run.ts';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const IDS = ['ann', 'bob', 'cat'] as const;
const site = new Site();
const SETTINGS = { EXPECT_NODES: '3', MQTT_PORT: 'any' };
let nodes: readonly SiteNode[] = [];

beforeAll(async () => {
  nodes = await site.startAll(IDS, SETTINGS);
});

afterAll(() => site.stop());

test.skipIf(!hasMosquittoClients())(
  '[MQ1] [MQ9] mosquitto_pub and mosquitto_sub speak all three versions, from node to node',
  async () => {
    const versions = ['mqttv31', 'mqttv311', 'mqttv5'];
    const lines: string[][] = [];
    const codes: (number | null)[] = [];

    for (const version of versions) {
      const listener = await subscribed(portOf('bob'), `v/${version}/+`, 3, ['-V', version, '-v', '-q', '1']);
      for (const qos of ['0', '1', '2']) {
        const flags = ['-V', version, '-q', qos];
        codes.push((await publish(portOf('ann'), `v/${version}/q${qos}`, qos, flags)).code);
      }
      lines.push(await listener.lines);
    }

    expect(codes).toEqual(codes.map(() => 0));
    expect(lines).toEqual(
      versions.map((version) => [`v/${version}/q0 0`, `v/${version}/q1 1`, `v/${version}/q2 2`]),
    );
  },
);

test.skipIf(!hasMosquittoClients())(
  '[MQ9] [MQ12] commands and retained topics that are no sensors reach clients of every node',
  async () => {
    const listeners = await Promise.all(
      IDS.map((id) => subscribed(portOf(id), 'lamp/#', 1, ['-v', '-q', '1'])),
    );

    await publish(portOf('bob'), 'lamp/set', 'ON', ['-q', '1']);
    const heard = await Promise.all(listeners.map(({ lines }) => lines));
    await publish(portOf('cat'), 'note/hall', 'the key is at the desk', ['-q', '1', '-r']);
    const kept = await until(
      'ann serves the note',
      () => received(portOf('ann'), 'note/#', 1, ['-v', '-W', '1']),
      ({ out }) => out !== '',
    );

    expect(heard).toEqual(IDS.map(() => ['lamp/set ON']));
    expect(kept.out).toBe('note/hall the key is at the desk\n');
  },
);

test('[MQ10] mqtt.js: a subscription is known at other nodes when it is acknowledged', async () => {
  const listener = await mqtt.connectAsync(`mqtt://127.0.0.1:${portOf('bob')}`, { protocolVersion: 5 });
  const publisher = await mqtt.connectAsync(`mqtt://127.0.0.1:${portOf('cat')}`, { protocolVersion: 5 });
  const heard: string[] = [];
  listener.on('message', (topic) => heard.push(topic));

  for (let turn = 0; turn < 20; turn++) {
    await listener.subscribeAsync(`turn/${turn}/#`);
    await publisher.publishAsync(`turn/${turn}/set`, 'x', { qos: 1 });
  }
  await until(
    'all have come',
    () => heard.length,
    (count) => count === 20,
    5_000,
  );

  expect(heard).toEqual(Array.from({ length: 20 }, (_, turn) => `turn/${turn}/set`));
  await Promise.all([listener.endAsync(), publisher.endAsync()]);
});

test.skipIf(!hasPaho())('[MQ1] [MQ3] paho publishes at QoS 2 and gets what is retained', async () => {
  const { out, err } = await paho(PAHO, portOf('bob'));

  expect(err).toBe('');
  expect(out.trim().split('\n')).toEqual(['published', 'paho/value 7.25 1']);
});

const COLLECTD = collectdProgram();
test.skipIf(COLLECTD === null)(
  '[MQ19] collectd, told what the page on inputs says, has its values shown at another node',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sensorium-collectd-'));
    const page = readFileSync(join(import.meta.dirname, '../../docs/INPUTS.md'), 'utf8');
    const [, told = ''] = /## collectd\n\n```\n([^`]*)```/.exec(page) ?? [];
    const sensors = `Hostname "press-1"\nInterval 0.5\nBaseDir "${directory}"\nPIDFile "${directory}/pid"
LoadPlugin load\nLoadPlugin memory\nLoadPlugin interface\n`;
    const startedMs = Date.now();
    const running = collectd(
      COLLECTD ?? '',
      directory,
      sensors + told.replace('"1883"', `"${portOf('ann')}"`),
    );
    try {
      const shownOf = async (sensor: string) => {
        const state = await nodes[1]?.state();
        return state?.[`ann:collectd/press-1/${sensor}`];
      };
      const names = ['load/load', 'memory/memory-used', 'interface-lo/if_octets'];

      const [load, memory, octets] = await until(
        'the other node shows all of them',
        () => Promise.all(names.map(shownOf)),
        (shown) => shown.every((one) => one !== undefined),
      );

      const number = expect.any(Number);
      expect(load?.value).toEqual({ shortterm: number, midterm: number, longterm: number });
      expect(memory?.value).toBeGreaterThan(1_000_000);
      expect(octets?.value).toEqual({ rx: number, tx: number });
      expect(load?.ts_ms).toBeGreaterThan(startedMs - 1_000);
    } finally {
      const gone = ended(running);
      running.kill('SIGKILL');
      await gone;
      rmSync(directory, { recursive: true, force: true });
    }
  },
);

test.skipIf(!(hasMosquitto() && hasMosquittoClients()))(
  '[MQ17] a node takes in what a Mosquitto has, and a Mosquitto that bridges it gets none of it back',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sensorium-mosquitto-'));
    const [port = 0] = await freePorts(1);
    const alone = new Site();
    let running: ChildProcess | null = null;
    try {
      const dan = await alone.start('dan', [], {
        MQTT_PORT: 'any',
        MQTT_BRIDGE_URL: `mqtt://127.0.0.1:${port}`,
        MQTT_BRIDGE_TOPICS: 'hall/#',
      });
      const mqttPort = mqttPortOf(dan);
      const file = join(directory, 'mosquitto.conf');
      writeFileSync(
        file,
        `listener ${port} 127.0.0.1\nallow_anonymous true\nconnection sensorium\naddress 127.0.0.1:${mqttPort}\ntopic # both 1\nrestart_timeout 1\n`,
      );
      running = broker(file);
      await until(
        'Mosquitto answers',
        () => publish(port, 'probe/x', '1'),
        ({ code }) => code === 0,
      );
      const listener = await subscribed(port, 'hall/#', 3, ['-v', '-q', '1']);
      await until(
        'the bridge stands',
        async () => {
          await publish(port, 'probe/x', '1', ['-q', '1']);
          return received(mqttPort, 'probe/x', 1, ['-W', '1']);
        },
        ({ out }) => out !== '',
      );

      await publish(port, 'hall/temperature', '21.5', ['-q', '1']);
      const kept = await until(
        'dan has the reading',
        () => received(mqttPort, 'hall/temperature', 1, ['-W', '1']),
        ({ out }) => out !== '',
      );

      expect(kept.out).toBe('21.5\n');
      const lamp = () => received(port, 'hall/lamp/set', 1, ['-W', '1']);
      await publish(mqttPort, 'hall/lamp/set', 'ON', ['-q', '1', '-r']);
      await until('the lamp is told', lamp, ({ out }) => out !== '');
      await publish(port, 'hall/end', '1', ['-q', '1']);

      // What goes round would have come again before the end.
      expect(await listener.lines).toEqual(['hall/temperature 21.5', 'hall/lamp/set ON', 'hall/end 1']);
    } finally {
      await alone.stop();
      running?.kill();
      rmSync(directory, { recursive: true, force: true });
    }
  },
);

test.skipIf(!hasMosquittoClients())(
  '[MQ11] every node serves the same retained values, whatever input they came by, and after a node has died',
  async () => {
    const [ann] = nodes;
    await ann?.write([{ sensor: 'hall/temperature', value: 21.5, unit: 'Cel' }]);
    await publish(portOf('ann'), 'hall/humidity', '40', ['-q', '1']);
    const ask = (id: string) =>
      received(portOf(id), 'hall/#', 2, ['-V', 'mqttv5', '-W', '2', '-F', '%t %p %r']).then(({ out }) =>
        out.split('\n').sort(),
      );
    const wanted = ['', 'hall/humidity 40 1', 'hall/temperature 21.5 1'];
    await until(
      'all serve both',
      () => Promise.all(IDS.map(ask)),
      (all) => all.every((rows) => rows.length === 3),
    );

    await ann?.kill('SIGKILL');
    const left = await Promise.all([ask('bob'), ask('cat')]);
    const last = await received(portOf('cat'), '$sensorium/last/hall/temperature', 1);

    expect(left).toEqual([wanted, wanted]);
    expect(JSON.parse(last.out)).toMatchObject({ value: 21.5, unit: 'Cel', origin: 'ann' });
  },
);

const PAHO = `
import sys, paho.mqtt.client as mqtt
options = {'client_id': 'paho', 'protocol': mqtt.MQTTv311}
version = getattr(mqtt, 'CallbackAPIVersion', None)
client = mqtt.Client(version.VERSION1, **options) if version else mqtt.Client(**options)
def on_message(client, data, message):
    print(message.topic, message.payload.decode(), int(message.retain))
    client.disconnect()
client.on_message = on_message
client.connect('127.0.0.1', int(sys.argv[1]))
client.loop_start()
client.publish('paho/value', '7.25', qos=2).wait_for_publish(10)
print('published')
client.subscribe('paho/#', 1)
client._thread.join(10)
`;

function portOf(id: string): number {
  const node = nodes.find((one) => one.id === id);
  return node === undefined ? 0 : mqttPortOf(node);
}

function mqttPortOf({ lines }: SiteNode): number {
  return Number(lines.find(({ msg }) => msg === 'MQTT listening')?.port ?? 0);
}
