// Probes: one message a packet, on the same port number as the frames. SPEC rules NW13, NW14.
//
// Where a packet says it comes from can be forged. So an answer to nonsense is smaller than the nonsense and
// rare: nobody can use this peer to flood another.

import type { RemoteInfo, Socket } from 'node:dgram';
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { type Address, addressText } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import { decodeDatagram, encodeDatagram, siteHash } from '../../wire/envelope.ts';
import { malformedCode, malformedText } from '../../wire/malformed.ts';
import type { ErrorCode, Message } from '../../wire/messages.ts';
import type { Counters } from './counters.ts';
import { errorMessage } from './handshake.ts';
import { Rate } from './rate.ts';

export interface DatagramOptions {
  readonly site: string;
  readonly self: PeerId;
  readonly family: 4 | 6;
}

export interface DatagramEvents {
  received(from: PeerId, message: Message): void;
  refused(where: string, code: ErrorCode, reason: string): void;
}

const COMPLAINTS_PER_SECOND = 10;

export class Datagrams {
  readonly #socket: Socket;
  readonly #options: DatagramOptions;
  readonly #events: DatagramEvents;
  readonly #counters: Counters;
  readonly #site: number;
  readonly #complaints = new Rate(COMPLAINTS_PER_SECOND);
  #sending = 0;
  #idle: (() => void) | null = null;
  #latest: { readonly message: Message; readonly packet: Uint8Array } | null = null;

  constructor(socket: Socket, options: DatagramOptions, events: DatagramEvents, counters: Counters) {
    this.#socket = socket;
    this.#options = options;
    this.#events = events;
    this.#counters = counters;
    this.#site = siteHash(options.site);
    socket.on('message', (packet, from) => this.#receive(packet, from));
    socket.on('error', () => counters.bump('peer_datagram_socket_errors_total'));
  }

  /** False when this message cannot go by datagram to that address. */
  send(address: Address, message: Message): boolean {
    if (this.#options.family === 4 && isIP(address.host) === 6) return false;
    if (this.#latest?.message !== message) {
      const packet = encodeDatagram(this.#options.site, this.#options.self, message);
      this.#latest = { message, packet };
    }
    if (this.#latest.packet.byteLength > LIMITS.datagramBytesMax) return false;
    this.#sendPacket(this.#latest.packet, address);
    return true;
  }

  /** Resolves when what was sent has left, or after `patienceMs`, and the socket is closed. */
  async close(patienceMs: number): Promise<void> {
    if (this.#sending > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patienceMs);
        this.#idle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await new Promise<void>((closed) => this.#socket.close(closed));
  }

  #sendPacket(packet: Uint8Array, address: Address): void {
    if (this.#sending >= LIMITS.datagramsUnderWayMax) {
      this.#counters.bump('peer_datagrams_dropped_full_total');
      return;
    }
    this.#sending += 1;
    const sent = (error: Error | null): void => {
      this.#sending -= 1;
      if (this.#sending === 0) this.#idle?.();
      if (error !== null) {
        this.#counters.bump('peer_datagrams_dropped_unreachable_total');
        return;
      }
      this.#counters.bump('peer_datagrams_sent_total');
      this.#counters.add('peer_bytes_sent_total', packet.byteLength);
    };
    this.#resolve(address.host, (error, host) => {
      if (error !== null) sent(error);
      else this.#socket.send(packet, address.port, host, sent);
    });
  }

  /** Literal addresses go straight to the system; names are asked for each time, since they may move. */
  #resolve(host: string, done: (error: Error | null, host: string) => void): void {
    const { family } = this.#options;
    const version = isIP(host);
    if (version === 4 && family === 6) done(null, `::ffff:${host}`);
    else if (version !== 0) done(null, host);
    else if (family === 4) lookup(host, { family }, done);
    else {
      lookup(host, (error, address, found) => done(error, found === 4 ? `::ffff:${address}` : address));
    }
  }

  #receive(packet: Buffer, from: RemoteInfo): void {
    this.#counters.bump('peer_datagrams_received_total');
    this.#counters.add('peer_bytes_received_total', packet.byteLength);
    const datagram = decodeDatagram(packet);
    if (!datagram.ok) {
      this.#complain(malformedCode(datagram.problem), malformedText(datagram.problem), packet, from);
      return;
    }
    const { site, from: peer, message } = datagram.value;
    if (site !== this.#site) {
      // An ERROR is never answered by an ERROR, or two sites would not stop.
      if (message.type === 'ERROR') this.#counters.bump('peer_datagrams_refused_wrong_site_total');
      else this.#complain('wrong_site', 'another site', packet, from);
    } else if (peer !== this.#options.self) {
      this.#events.received(peer, message);
    }
  }

  #complain(code: ErrorCode, reason: string, packet: Buffer, from: RemoteInfo): void {
    const address: Address = { host: from.address, port: from.port };
    this.#counters.bump(`peer_datagrams_refused_${code}_total`);
    if (!this.#complaints.allows(performance.now())) return;
    this.#events.refused(addressText(address), code, reason);
    for (const said of [reason, '']) {
      const { site, self } = this.#options;
      const answer = encodeDatagram(site, self, errorMessage(code, said));
      if (answer.byteLength < packet.byteLength) {
        this.#sendPacket(answer, address);
        return;
      }
    }
  }
}
