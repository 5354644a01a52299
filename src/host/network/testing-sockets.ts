// Helpers of the tests on real sockets: transports on loopback, and raw sockets that say what no peer would.

import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import type { Address } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { decodeFirst, decodeMessage, encodeFirst } from '../../wire/codec.ts';
import type { ErrorMessage, Hello, Message } from '../../wire/messages.ts';
import { FrameReader, frameOf } from './framing.ts';
import { SocketTransport, type SocketTransportOptions } from './socket-transport.ts';
import { ann, Heard, helloOf, instanceOf, until } from './testing.ts';
import type { TransportEvents } from './transport.ts';

export function startOnLoopback(
  but: Partial<SocketTransportOptions>,
  events: TransportEvents,
): Promise<SocketTransport> {
  return SocketTransport.start(
    {
      site: 'test',
      peer: ann,
      identity: { birth: 1, random: '0123456789abcdef' },
      incarnation: 1,
      apiPort: 0,
      zone: '',
      instance: instanceOf(but.peer ?? ann),
      host: '127.0.0.1',
      port: 0,
      advertiseHost: '127.0.0.1',
      socketTimeoutMs: 500,
      acceptQueueSize: 512,
      connectionsMax: 256,
      framesPerTickMax: 64,
      trust: null,
      guest: null,
      ...but,
    },
    events,
  );
}

/** Stations and raw sockets of one test, closed together. */
export class Bench {
  readonly #closing: (() => Promise<void>)[] = [];

  async station(peer: PeerId, but: Partial<SocketTransportOptions> = {}) {
    const heard = new Heard();
    const transport = await startOnLoopback({ peer, ...but }, heard);
    this.#closing.push(() => transport.stop());
    const count = (name: string): number => transport.counters()[name] ?? 0;
    const connections = (): number =>
      count('peer_connections_opened_total') - count('peer_connections_closed_total');
    return { transport, address: transport.address, heard, count, connections };
  }

  async raw(to: Address): Promise<RawSocket> {
    const socket = connect({ host: to.host, port: to.port });
    await new Promise<void>((connected, failed) => {
      socket.once('error', failed);
      socket.once('connect', connected);
    });
    this.onClose(async () => void socket.destroy());
    return new RawSocket(socket);
  }

  /** A raw socket over which `peer` and the station have said HELLO. */
  async rawPeer(to: Address, peer: PeerId, but: Partial<Hello> = {}): Promise<RawSocket> {
    const raw = await this.raw(to);
    raw.write(frameOf(encodeFirst(helloOf(peer, but))));
    await until(() => raw.firsts().length > 0);
    return raw;
  }

  async rawDatagrams() {
    const socket: DatagramSocket = createSocket('udp4');
    await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
    const packets: Buffer[] = [];
    socket.on('message', (packet) => packets.push(packet));
    this.onClose(() => new Promise((closed) => socket.close(closed)));
    const bound = socket.address();
    const address: Address = { host: bound.address, port: bound.port };
    return {
      packets,
      address,
      send: (packet: Uint8Array, to: Address) => socket.send(packet, to.port, to.host),
    };
  }

  onClose(close: () => Promise<void>): void {
    this.#closing.push(close);
  }

  async close(): Promise<void> {
    await Promise.all(this.#closing.splice(0).map((close) => close()));
  }
}

/** A TCP connection that says and hears bytes. */
export class RawSocket {
  readonly #socket: Socket;
  readonly #frames: Uint8Array[] = [];
  ended = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    const reader = new FrameReader(1_000_000);
    socket.removeAllListeners('error');
    socket.on('error', () => {
      this.ended = true;
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let taken = reader.take(); taken.kind === 'frame'; taken = reader.take()) {
        this.#frames.push(taken.payload);
      }
    });
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** What came in place of a message: HELLO and ERROR as the first frame has them. */
  firsts(): readonly (Hello | ErrorMessage)[] {
    return this.#frames.map(decodeFirst).flatMap((first) => (first.ok ? [first.value] : []));
  }

  messages(): readonly Message[] {
    return this.#frames.map(decodeMessage).flatMap((message) => (message.ok ? [message.value] : []));
  }

  /** The codes of the ERRORs that came, before or after HELLO. */
  errors(): readonly string[] {
    return [...this.firsts(), ...this.messages()].flatMap((said) =>
      said.type === 'ERROR' ? [said.code] : [],
    );
  }
}
