// An MQTT broker: a message a reading, QoS 1, and the place as a retained message beside them. A broker takes no two
// messages together, so a batch whose end was not seen comes again: each message bears the reading's name, by which a
// receiver tells. SPEC rules SK2, SK13.

import { randomBytes } from 'node:crypto';
import type { MqttClient } from 'mqtt';
import { LIMITS } from '../model/limits.ts';
import { needed } from './optional.ts';
import { parsePlace, placeText, rowText } from './row.ts';
import { type Sink, type SinkBatch, SinkMoved, type SinkPlace, samePlace, type Written } from './sink.ts';
import type { MqttOptions } from './sink-options.ts';

const CONNECT_MS = 10_000;

export class MqttSink implements Sink {
  readonly #name: string;
  readonly #options: MqttOptions;
  #client: MqttClient | null = null;
  #place: SinkPlace | null = null;
  /** What this writer said last: another place in the broker is another writer's. */
  #said: SinkPlace | null = null;

  constructor(name: string, options: MqttOptions) {
    this.#name = name;
    this.#options = options;
  }

  async connect(): Promise<SinkPlace | null> {
    const { default: mqtt } = await needed('mqtt', 'mqtt', () => import('mqtt'));
    const client = await mqtt.connectAsync(this.#options.url, {
      clientId: `sensorium-${this.#name}-${randomBytes(4).toString('hex')}`,
      clean: true,
      // The follower tries again, and asks first where the broker stands.
      reconnectPeriod: 0,
      connectTimeout: CONNECT_MS,
    });
    this.#client = client;
    client.on('error', () => {});
    // What is under way then is answered, instead of waiting for a connection that is not made.
    client.on('close', () => client.end(true));
    await this.#learnPlace(client);
    this.#said = this.#place;
    return this.#place;
  }

  async place(): Promise<SinkPlace | null> {
    if (this.#client?.connected !== true) throw new Error('the connection is closed');
    this.#said = this.#place;
    return this.#place;
  }

  /** A broker remembers no messages: what comes again under another place is told by its name. */
  async written(): Promise<Written> {
    return new Map();
  }

  async write({ group, readings, upto }: SinkBatch): Promise<void> {
    const client = this.#client;
    if (client === null) throw new Error('the connection is closed');
    const { topic, retain } = this.#options;
    for (let from = 0; from < readings.length; from += LIMITS.sinkUnderWayMax) {
      if (!samePlace(this.#place, this.#said)) throw new SinkMoved();
      const some = readings.slice(from, from + LIMITS.sinkUnderWayMax);
      await Promise.all(
        some.map((reading) =>
          client.publishAsync(`${topic}/${reading.sensor}`, rowText(group, reading), { qos: 1, retain }),
        ),
      );
    }
    await this.#say({ group, sequence: upto });
  }

  rewind(to: SinkPlace): Promise<void> {
    return this.#say(to);
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.endAsync(true).catch(() => {});
  }

  async #say(place: SinkPlace): Promise<void> {
    if (this.#client === null) throw new Error('the connection is closed');
    this.#place = place;
    this.#said = place;
    await this.#client.publishAsync(this.#cursorTopic(), placeText(place.group, place.sequence), {
      qos: 1,
      retain: true,
    });
  }

  /** What is retained comes before what is published after the subscription: a message of our own ends the wait. */
  async #learnPlace(client: MqttClient): Promise<void> {
    const probe = `${this.#cursorTopic()}/${randomBytes(8).toString('hex')}`;
    const told = new Promise<void>((resolve, reject) => {
      client.on('close', () => reject(new Error('the broker closed the connection')));
      client.on('message', (topic, payload) => {
        if (topic === probe) resolve();
        else if (topic === this.#cursorTopic()) this.#heard(parsePlace(payload.toString()));
      });
    });
    told.catch(() => {});
    await client.subscribeAsync([this.#cursorTopic(), probe], { qos: 1 });
    await client.publishAsync(probe, '', { qos: 1 });
    await told;
    await client.unsubscribeAsync(probe);
  }

  /** The broker's echo of an earlier place of our own is no other writer's. */
  #heard(place: SinkPlace | null): void {
    const isEcho =
      place !== null && place.group === this.#said?.group && place.sequence <= this.#said.sequence;
    if (!isEcho) this.#place = place;
  }

  #cursorTopic(): string {
    return `${this.#options.topic}/$cursor/${this.#name}`;
  }
}
