// NATS JetStream: a message a reading, with the place as its id. The stream itself says how far it is: its last message
// bears the place in its id, and each message is taken only behind the one this writer saw last, so that neither a lost
// acknowledgement nor a second writer doubles anything, however long the server remembers ids. A second, tiny stream
// keeps the place where the first has let its messages go. SPEC rules SK2, SK11.

import type { JetStreamClient, JetStreamManager, PubAck } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { LogReading } from '../hub/log-page.ts';
import type { GroupId } from '../model/group-view.ts';
import { LIMITS } from '../model/limits.ts';
import { needed } from './optional.ts';
import { parsePlace, placeText, rowText } from './row.ts';
import { producerKey, type Sink, type SinkBatch, SinkMoved, type SinkPlace, type Written } from './sink.ts';
import type { JetStreamOptions } from './sink-options.ts';

type Nats = typeof import('@nats-io/transport-node');
type JetStream = typeof import('@nats-io/jetstream');

interface Open {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly client: JetStreamClient;
  readonly nats: Nats;
  readonly jetstream: JetStream;
}

const ID = 'Nats-Msg-Id';
const NAME = 'Sensorium-Reading';
/** The server's error codes: no such message, no such stream, and another sequence than the one expected. */
const NO_MESSAGE = 10_037;
const NO_STREAM = 10_059;
const WRONG_LAST = 10_071;

export class JetStreamSink implements Sink {
  readonly #options: JetStreamOptions;
  #open: Open | null = null;
  /** The stream's own number of its last message; null: what is handed over again is taken anywhere. */
  #last: number | null = 0;
  /** What is handed over again ends here. */
  #againUpto = 0;

  constructor(options: JetStreamOptions) {
    this.#options = options;
  }

  async connect(): Promise<SinkPlace | null> {
    const packages = '@nats-io/transport-node @nats-io/jetstream';
    const [nats, jetstream] = await needed('jetstream', packages, () =>
      Promise.all([import('@nats-io/transport-node'), import('@nats-io/jetstream')]),
    );
    const { url, stream, subject } = this.#options;
    const { protocol, host, username, password } = new URL(url);
    const connection = await nats.connect({
      servers: host,
      name: `sensorium ${stream}`,
      // The follower tries again, and asks first how far the stream is.
      reconnect: false,
      ...(protocol === 'tls:' && { tls: {} }),
      ...(username !== '' && { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
    });
    const manager = await jetstream.jetstreamManager(connection).catch(async (cause: unknown) => {
      await connection.close();
      throw cause;
    });
    this.#open = { connection, manager, client: jetstream.jetstream(connection), nats, jetstream };
    await this.#make(stream, [`${subject}.>`], -1);
    await this.#make(cursorOf(stream), [cursorSubject(subject)], 1);
    return this.place();
  }

  async place(): Promise<SinkPlace | null> {
    const { stream } = this.#options;
    const { manager } = this.#opened();
    const { state } = await manager.streams.info(stream);
    this.#last = state.last_seq;
    const last = state.messages === 0 ? null : await this.#idOf(stream, state.last_seq);
    const cursor = await manager.streams.info(cursorOf(stream));
    const kept =
      cursor.state.messages === 0 ? null : await this.#idOf(cursorOf(stream), cursor.state.last_seq);
    // What is in the stream counts; the cursor may be one batch behind it, or ahead where nothing had to be handed over.
    if (last === null || kept === null || last.group !== kept.group) return last ?? kept;
    return kept.sequence > last.sequence ? kept : last;
  }

  async written(group: GroupId): Promise<Written> {
    const { stream } = this.#options;
    const { manager, client, jetstream } = this.#opened();
    const { state } = await manager.streams.info(stream);
    const written = new Map<string, number>();
    if (state.messages === 0) return written;
    const first = await this.#idOf(stream, state.first_seq);
    const last = await this.#idOf(stream, state.last_seq);
    if (first?.group === group && last?.group === group) return written;

    const consumer = await client.consumers.get(stream, {
      deliver_policy: jetstream.DeliverPolicy.All,
      headers_only: true,
    });
    for await (const message of await consumer.consume()) {
      const [origin = '', identity = '', n = ''] = message.headers?.get(NAME).split(' ') ?? [];
      const key = `${origin} ${identity}`;
      if (written.has(key) || written.size < LIMITS.sinkStreamsMax) {
        written.set(key, Math.max(written.get(key) ?? 0, Number(n) || 0));
      }
      if (message.seq >= state.last_seq) break;
    }
    return written;
  }

  async write({ group, readings, upto }: SinkBatch): Promise<void> {
    const underWay: Promise<PubAck>[] = [];
    for (const reading of readings) {
      underWay.push(this.#publish(group, reading));
      if (underWay.length >= LIMITS.sinkUnderWayMax) await acknowledged(underWay.splice(0));
    }
    await acknowledged(underWay);
    await this.#keep({ group, sequence: upto });
    if (this.#last === null && upto >= this.#againUpto) await this.place();
  }

  /** The server drops those again whose ids it still remembers. */
  async rewind(to: SinkPlace): Promise<void> {
    const place = await this.place();
    this.#againUpto = place?.group === to.group ? place.sequence : 0;
    await this.#keep(to);
    this.#last = null;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.connection.close().catch(() => {});
  }

  async #publish(group: GroupId, reading: LogReading): Promise<PubAck> {
    const { client, nats } = this.#opened();
    const expected = this.#last;
    if (expected !== null) this.#last = expected + 1;
    const headers = nats.headers();
    headers.set(NAME, `${producerKey(reading)} ${reading.n}`);
    const ack = await client.publish(
      subjectOf(this.#options.subject, reading.sensor),
      rowText(group, reading),
      {
        msgID: placeText(group, reading.sequence),
        headers,
        ...(expected !== null && { expect: { lastSequence: expected } }),
      },
    );
    // Somebody else has published this one.
    if (expected !== null && (ack.duplicate || ack.seq !== expected + 1)) throw new SinkMoved();
    return ack;
  }

  async #keep({ group, sequence }: SinkPlace): Promise<void> {
    const id = placeText(group, sequence);
    const headers = this.#opened().nats.headers();
    headers.set('Sensorium-Place', id);
    await this.#opened().client.publish(cursorSubject(this.#options.subject), id, { headers });
  }

  async #idOf(stream: string, seq: number): Promise<SinkPlace | null> {
    const message = await this.#opened()
      .manager.streams.getMessage(stream, { seq })
      .catch((cause: unknown) => {
        if (codeOf(cause) === NO_MESSAGE) return null;
        throw cause;
      });
    return parsePlace(message?.header.get(ID) || message?.header.get('Sensorium-Place') || '');
  }

  async #make(name: string, subjects: string[], perSubject: number): Promise<void> {
    const { manager, jetstream } = this.#opened();
    const found = await manager.streams.info(name).catch((cause: unknown) => {
      if (codeOf(cause) === NO_STREAM) return null;
      throw cause;
    });
    if (found !== null) return;
    await manager.streams.add({
      name,
      subjects,
      storage: jetstream.StorageType.File,
      max_msgs_per_subject: perSubject,
    });
  }

  #opened(): Open {
    if (this.#open === null) throw new Error('the connection is closed');
    return this.#open;
  }
}

/** The first that was refused is why; the others follow from it. */
async function acknowledged(underWay: readonly Promise<PubAck>[]): Promise<void> {
  const answers = await Promise.allSettled(underWay);
  for (const answer of answers) {
    if (answer.status === 'fulfilled') continue;
    if (codeOf(answer.reason) === WRONG_LAST) throw new SinkMoved();
    throw answer.reason;
  }
}

function codeOf(cause: unknown): number {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? Number(cause.code) : 0;
}

function cursorOf(stream: string): string {
  return `${stream}_CURSOR`;
}

function cursorSubject(subject: string): string {
  return `${subject}-cursor`;
}

/** The levels of a sensor's id are words of the subject; what a word may not hold is percent-encoded. */
export function subjectOf(subject: string, sensor: string): string {
  const words = sensor.split('/').map((level) => {
    const encoded = encodeURIComponent(level).replaceAll('.', '%2E').replaceAll('*', '%2A');
    return encoded === '' ? '%' : encoded;
  });
  return `${subject}.${words.join('.')}`;
}
