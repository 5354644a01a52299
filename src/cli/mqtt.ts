// MQTT of a node: its broker, which also tells others of readings that came by other inputs and so is there without a
// listener, the listener, and the bridge to another broker where one is asked for.

import type { DoorTls } from '../access/door.ts';
import type { Gate } from '../access/gate.ts';
import type { Config } from '../config/config.ts';
import type { Hub } from '../hub/hub.ts';
import type { Inbox } from '../ingest/inbox.ts';
import { Bridge } from '../ingest/mqtt/bridge.ts';
import { Broker } from '../ingest/mqtt/broker.ts';
import { MqttServer } from '../ingest/mqtt/mqtt-server.ts';
import type { Refusals } from '../ingest/refusals.ts';
import type { Log } from '../kit/log.ts';

/** What it shares with other inputs. */
export interface Shared {
  readonly refusals: Refusals;
  readonly inbox: Inbox;
  readonly gate: Gate;
  /** Null where it speaks plain. */
  readonly tls: DoorTls | null;
  readonly version: string;
}

export class Mqtt {
  readonly #broker: Broker;
  #server: MqttServer | null = null;
  #bridge: Bridge | null = null;

  private constructor(hub: Hub, log: Log, config: Config, shared: Shared) {
    this.#broker = new Broker(hub, log, {
      ack: config.ingestAck,
      profiles: config.mqttProfiles,
      homeAssistant: config.mqttHomeAssistant,
      ...shared,
    });
  }

  static async start(hub: Hub, log: Log, config: Config, shared: Shared): Promise<Mqtt> {
    const mqtt = new Mqtt(hub, log, config, shared);
    const { host, mqttPort } = config;
    try {
      if (mqttPort !== null)
        mqtt.#server = await MqttServer.start(mqtt.#broker, log, { host, port: mqttPort, tls: shared.tls });
    } catch (cause) {
      await mqtt.#broker.stop();
      throw cause;
    }
    const { mqttBridgeUrl: address, mqttBridgeTopics: topics, site } = config;
    if (address !== null) {
      const clientId = `sensorium-${hub.self}`;
      mqtt.#bridge = new Bridge(mqtt.#broker, log, { address, topics, clientId, site });
    }
    return mqtt;
  }

  counters(): { readonly [name: string]: number } {
    return { ...this.#broker.counters(), ...this.#bridge?.counters() };
  }

  async stop(): Promise<void> {
    await this.#bridge?.stop();
    await this.#broker.stop();
    await this.#server?.stop();
  }
}
