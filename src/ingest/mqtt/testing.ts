// A broker on a hub that remembers, with its listener, and real clients of it.

import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import type { Anonymous, Gate } from '../../access/gate.ts';
import { gateOf } from '../../access/testing.ts';
import type { ProfileRule } from '../../config/mqtt-options.ts';
import type { Durability } from '../../hub/hub.ts';
import { silentLog } from '../../kit/testing.ts';
import { Inbox } from '../inbox.ts';
import { Refusals } from '../refusals.ts';
import { annsHub, type RecordingHub } from '../testing.ts';
import { Broker } from './broker.ts';
import { MqttServer } from './mqtt-server.ts';

export interface Heard {
  readonly topic: string;
  readonly payload: string;
  readonly packet: IPublishPacket;
}

export class TestBroker {
  readonly hub: RecordingHub = annsHub();
  readonly inbox = new Inbox();
  readonly refusals = new Refusals(silentLog, () => Date.now());
  readonly gate: Gate;
  readonly broker: Broker;
  readonly #clients: MqttClient[] = [];
  #server: MqttServer | null = null;

  constructor(
    ack: Durability,
    profiles: readonly ProfileRule[],
    homeAssistant: boolean,
    anonymous: Anonymous,
  ) {
    const { refusals, inbox } = this;
    this.gate = gateOf(this.hub, anonymous);
    this.broker = new Broker(this.hub, silentLog, {
      ack,
      profiles,
      homeAssistant,
      version: '1',
      refusals,
      inbox,
      gate: this.gate,
    });
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  async listen(): Promise<void> {
    this.#server = await MqttServer.start(this.broker, silentLog, { host: '127.0.0.1', port: 0 });
  }

  /** A client that is connected, and all it hears. */
  async client(options: IClientOptions & { readonly url?: string } = {}) {
    const { url = `mqtt://127.0.0.1:${this.port}`, ...rest } = options;
    const client = mqtt.connect(url, { reconnectPeriod: 0, ...rest });
    this.#clients.push(client);
    const heard: Heard[] = [];
    const watchers = new Set<() => void>();
    client.on('message', (topic, payload, packet) => {
      heard.push({ topic, payload: payload.toString(), packet });
      for (const watcher of watchers) watcher();
    });
    // What a session has kept comes right behind the CONNACK.
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
    });
    /** Resolves when so many messages have come. */
    const untilHeard = (count: number) =>
      new Promise<readonly Heard[]>((resolve) => {
        const watcher = () => {
          if (heard.length >= count) resolve(heard);
        };
        watchers.add(watcher);
        watcher();
      });
    return { client, heard, untilHeard };
  }

  /** Resolves when so many messages have come in, whatever becomes of them. */
  async untilTaken(count: number): Promise<void> {
    while ((this.broker.counters().mqtt_messages_received_total ?? 0) < count) {
      await new Promise((resume) => setImmediate(resume));
    }
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.end(true);
    await this.broker.stop();
    await this.#server?.stop();
  }
}

let running: TestBroker | null = null;

export async function testBroker(
  given: {
    readonly ack?: Durability;
    readonly profiles?: readonly ProfileRule[];
    readonly homeAssistant?: boolean;
    readonly anonymous?: Anonymous;
  } = {},
): Promise<TestBroker> {
  const { ack = 'stored', profiles = [], homeAssistant = false, anonymous = 'loopback' } = given;
  running = new TestBroker(ack, profiles, homeAssistant, anonymous);
  await running.listen();
  return running;
}

/** To be called after each test. */
export async function stopBroker(): Promise<void> {
  await running?.stop();
  running = null;
}
