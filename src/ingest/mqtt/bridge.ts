// The bridge in: a client of an existing broker whose messages come in here as if they were published here, so that a site
// can move from one to the other. It takes and gives nothing back, and knows what has been here before, so that nothing
// goes round. SPEC rule MQ17.

import { connect, type Socket } from 'node:net';
import type { BridgeAddress } from '../../config/mqtt-options.ts';
import type { Log } from '../../kit/log.ts';
import { LIMITS } from '../../model/limits.ts';
import type { Source } from './intake.ts';
import { BRIDGE_MARK, forwarded, type Message } from './message.ts';
import { type Connect, type Level, NO_PROPERTIES, type Packet, type Publish, REASON } from './packet.ts';
import { PacketReader } from './packet-reader.ts';
import { encodePacket } from './packet-writer.ts';

/** Where the bridge's messages go. */
export interface BridgeTarget {
  publish(message: Message, source: Source, answered: (code: number | null) => void): void;
  readonly isFull: boolean;
}

export interface BridgeOptions {
  readonly address: BridgeAddress;
  readonly topics: readonly string[];
  /** Names this bridge at the other broker: it keeps a session for it. */
  readonly clientId: string;
  readonly site: string;
}

const KEEP_ALIVE_S = 60;
const PING_MS = 20_000;
/** The other broker keeps what comes while this node is away, for a day. */
const SESSION_S = 86_400;
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;
const FULL_LOOK_MS = 50;
/** A larger packet is not asked for, and ends the connection. */
const PACKET_BYTES_MAX = LIMITS.mqttPacketBytesMax;

export class Bridge implements Source {
  storing = 0;
  readonly #target: BridgeTarget;
  readonly #log: Log;
  readonly #options: BridgeOptions;
  #socket: Socket | null = null;
  #level: Level = 5;
  #retryMs = RETRY_MS;
  #timer: NodeJS.Timeout | null = null;
  #ping: NodeJS.Timeout | null = null;
  #stopped = false;
  #received = 0;
  #looped = 0;
  #connected = 0;

  constructor(target: BridgeTarget, log: Log, options: BridgeOptions) {
    this.#target = target;
    this.#log = log;
    this.#options = options;
    this.#connect();
  }

  counters(): { readonly [name: string]: number } {
    return {
      mqtt_bridge_connections_total: this.#connected,
      mqtt_bridge_messages_received_total: this.#received,
      mqtt_bridge_messages_looped_total: this.#looped,
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#ping !== null) clearInterval(this.#ping);
    const socket = this.#socket;
    if (socket === null) return;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.end(encodePacket({ type: 'disconnect', code: 0, properties: NO_PROPERTIES }, this.#level));
    const giveUp = setTimeout(() => socket.destroy(), RETRY_MS / 4);
    await closed;
    clearTimeout(giveUp);
  }

  #connect(): void {
    const { host, port } = this.#options.address;
    const socket = connect({ host, port, noDelay: true });
    const reader = new PacketReader(PACKET_BYTES_MAX);
    reader.level = this.#level;
    this.#socket = socket;
    socket.on('connect', () => socket.write(encodePacket(this.#hello(), this.#level)));
    socket.on('data', (chunk: Buffer) => this.#read(socket, reader, chunk));
    socket.on('error', (error) =>
      this.#log.warn('the bridged broker is not reached', { why: error.message }),
    );
    socket.on('close', () => this.#closed());
    if (this.#ping !== null) clearInterval(this.#ping);
    this.#ping = setInterval(() => socket.write(encodePacket({ type: 'pingreq' }, this.#level)), PING_MS);
    socket.setTimeout(2 * KEEP_ALIVE_S * 1_000, () => socket.destroy());
  }

  #closed(): void {
    if (this.#stopped) return;
    if (this.#ping !== null) clearInterval(this.#ping);
    this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
    this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
  }

  #hello(): Connect {
    const { address, clientId } = this.#options;
    return {
      type: 'connect',
      level: this.#level,
      bridge: false,
      clientId,
      clean: false,
      keepAliveS: KEEP_ALIVE_S,
      will: null,
      username: address.username,
      password: address.password === null ? null : Buffer.from(address.password),
      properties: {
        sessionExpiryS: SESSION_S,
        receiveMax: LIMITS.mqttReceiveMax,
        packetBytesMax: PACKET_BYTES_MAX,
        // Another Sensorium knows by it whom it talks with.
        user: [[BRIDGE_MARK, this.#options.site]],
      },
    };
  }

  #read(socket: Socket, reader: PacketReader, chunk: Buffer): void {
    reader.push(chunk);
    for (let cut = reader.take(); ; cut = reader.take()) {
      if (!cut.ok) {
        this.#log.warn('the bridged broker sent what is no packet', { why: cut.problem.why });
        socket.destroy();
        return;
      }
      if (cut.value === null) break;
      this.#handle(socket, cut.value);
    }
    if (this.#target.isFull) this.#wait(socket);
  }

  #handle(socket: Socket, packet: Packet): void {
    switch (packet.type) {
      case 'connack':
        this.#connacked(socket, packet.code);
        return;
      case 'publish':
        this.#take(socket, packet);
        return;
      case 'pubrel':
        this.#answer(socket, 'pubcomp', packet.packetId);
        return;
      case 'suback':
        if (packet.codes.some((code) => code >= REASON.unspecified)) {
          this.#log.warn('the bridged broker refused a filter', { codes: packet.codes.join(' ') });
        }
        return;
      default:
        return;
    }
  }

  #connacked(socket: Socket, code: number): void {
    if (code !== REASON.success) {
      // One that knows no MQTT 5 says so in the words of 3.1.1.
      if (this.#level === 5 && (code === 1 || code === REASON.unsupportedVersion)) this.#level = 4;
      this.#log.warn('the bridged broker refused the bridge', { code });
      socket.destroy();
      return;
    }
    this.#connected++;
    this.#retryMs = RETRY_MS;
    const subscriptions = this.#options.topics.map((filter) => ({
      filter,
      qos: 1 as const,
      noLocal: false,
      retainAsPublished: true,
      // What is retained there comes once and not at each new connection.
      retainHandling: filter.startsWith('$share/') ? (0 as const) : (1 as const),
    }));
    const packet = { type: 'subscribe', packetId: 1, subscriptions, properties: NO_PROPERTIES } as const;
    socket.write(encodePacket(packet, this.#level));
    const { host, port } = this.#options.address;
    this.#log.info('bridged to a broker', { host, port, topics: this.#options.topics.join(',') });
  }

  #take(socket: Socket, publish: Publish): void {
    const { topic, payload, qos, retain, packetId } = publish;
    const { site } = this.#options;
    const properties = forwarded(publish.properties);
    const wasHere = properties.user?.some(([name, value]) => name === BRIDGE_MARK && value === site) ?? false;
    if (wasHere || topic.startsWith('$')) {
      if (wasHere) this.#looped++;
      this.#acknowledge(socket, publish);
      return;
    }
    this.#received++;
    const user = [...(properties.user ?? []), [BRIDGE_MARK, site] as const];
    const message: Message = {
      topic,
      payload,
      qos,
      retain,
      properties: { ...properties, user },
      atMs: Date.now(),
      client: null,
      bridged: true,
    };
    this.#target.publish(message, this, (code) => {
      // Without an answer the other broker sends it again. What is refused would be refused again.
      if (code !== null && packetId !== 0) this.#acknowledge(socket, publish);
    });
  }

  #acknowledge(socket: Socket, { qos, packetId }: Publish): void {
    if (qos > 0) this.#answer(socket, qos === 1 ? 'puback' : 'pubrec', packetId);
  }

  #answer(socket: Socket, type: 'puback' | 'pubrec' | 'pubcomp', packetId: number): void {
    if (!socket.writable) return;
    socket.write(encodePacket({ type, packetId, code: 0, properties: NO_PROPERTIES }, this.#level));
  }

  #wait(socket: Socket): void {
    socket.pause();
    const look = setInterval(() => {
      if (this.#target.isFull && !socket.destroyed) return;
      clearInterval(look);
      socket.resume();
    }, FULL_LOOK_MS);
  }
}
