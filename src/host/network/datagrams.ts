// Probes: one message a packet, on the same port number as the frames, sealed where peers are known by certificates.
// SPEC rules NW13, NW14, TR4-TR6.
//
// Where a packet says it comes from can be forged. So an answer to nonsense is smaller than the nonsense and
// rare: nobody can use this peer to flood another.

import type { RemoteInfo, Socket } from 'node:dgram';
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { type Address, addressText } from '../../model/address.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { TrustRefusal } from '../../model/trust-refusal.ts';
import { claimedBy } from '../../trust/claims.ts';
import { type DatagramSeal, SEAL_BYTES } from '../../trust/datagram-seal.ts';
import { decodeDatagram, encodeDatagram, siteHash } from '../../wire/envelope.ts';
import { malformedCode, malformedText } from '../../wire/malformed.ts';
import { type ErrorCode, type Message, PROTOCOL_MIN } from '../../wire/messages.ts';
import type { Counters } from './counters.ts';
import { errorMessage } from './handshake.ts';
import { Rate } from './rate.ts';

export interface DatagramOptions {
  readonly site: string;
  readonly self: PeerId;
  readonly family: 4 | 6;
  /** Null where packets are believed as they are. */
  readonly seal: DatagramSeal | null;
}

export interface DatagramEvents {
  received(from: PeerId, message: Message): void;
  refused(where: string, code: ErrorCode, reason: string): void;
  distrusted(where: string, why: TrustRefusal, named: PeerId | null): void;
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
  #latest: { readonly message: Message; readonly version: number; readonly packet: Uint8Array } | null = null;

  constructor(socket: Socket, options: DatagramOptions, events: DatagramEvents, counters: Counters) {
    this.#socket = socket;
    this.#options = options;
    this.#events = events;
    this.#counters = counters;
    this.#site = siteHash(options.site);
    socket.on('message', (packet, from) => this.#receive(packet, from));
    socket.on('error', () => counters.bump('peer_datagram_socket_errors_total'));
  }

  /** False when this message cannot go by datagram to that address. `version`: of the wire, that `to` speaks. */
  send(to: PeerId, address: Address, message: Message, version: number): boolean {
    if (this.#options.family === 4 && isIP(address.host) === 6) return false;
    if (this.#latest?.message !== message || this.#latest.version !== version) {
      const packet = encodeDatagram(this.#options.site, this.#options.self, message, version);
      this.#latest = { message, version, packet };
    }
    const { seal } = this.#options;
    const { packet } = this.#latest;
    if (packet.byteLength + (seal === null ? 0 : SEAL_BYTES) > LIMITS.datagramBytesMax) return false;
    // With whom there was no meeting yet, there is one first: the message goes by stream.
    const sealed = seal === null ? packet : seal.seal(to, packet);
    if (sealed === null) return false;
    this.#sendPacket(sealed, address);
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
    const { seal } = this.#options;
    if (seal !== null) {
      this.#open(seal, packet, from);
      return;
    }
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
      this.#take(peer, message, from);
    }
  }

  /** What nobody here has sealed is thrown away without an answer. (TR4) */
  #open(seal: DatagramSeal, packet: Buffer, from: RemoteInfo): void {
    const opened = seal.open(packet);
    if (!opened.ok) {
      this.#events.distrusted(textOf(from), opened.problem, null);
      return;
    }
    const datagram = decodeDatagram(opened.value.message);
    if (!datagram.ok) {
      const code = malformedCode(datagram.problem);
      this.#counters.bump(`peer_datagrams_refused_${code}_total`);
      this.#events.refused(textOf(from), code, malformedText(datagram.problem));
    } else if (datagram.value.from !== opened.value.from) {
      this.#events.distrusted(textOf(from), 'forged-sender', datagram.value.from);
    } else this.#take(opened.value.from, datagram.value.message, from);
  }

  #take(peer: PeerId, message: Message, from: RemoteInfo): void {
    const claimed = claimedBy(message);
    if (claimed === null || claimed === peer) this.#events.received(peer, message);
    else this.#events.distrusted(textOf(from), 'forged-claim', peer);
  }

  #complain(code: ErrorCode, reason: string, packet: Buffer, from: RemoteInfo): void {
    const address: Address = { host: from.address, port: from.port };
    this.#counters.bump(`peer_datagrams_refused_${code}_total`);
    if (!this.#complaints.allows(performance.now())) return;
    this.#events.refused(addressText(address), code, reason);
    for (const said of [reason, '']) {
      const { site, self } = this.#options;
      const answer = encodeDatagram(site, self, errorMessage(code, said), PROTOCOL_MIN);
      if (answer.byteLength < packet.byteLength) {
        this.#sendPacket(answer, address);
        return;
      }
    }
  }
}

function textOf({ address, port }: RemoteInfo): string {
  return addressText({ host: address, port });
}
