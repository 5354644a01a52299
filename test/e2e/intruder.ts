// Somebody on the network who speaks the protocol of peers, with whatever proof it has, and says what it likes.

import type { SocketTransport } from '../../src/host/network/socket-transport.ts';
import { Heard, peerNamed } from '../../src/host/network/testing.ts';
import { startOnLoopback } from '../../src/host/network/testing-sockets.ts';
import type { PeerId } from '../../src/model/ids.ts';
import type { Trust } from '../../src/trust/peer-security.ts';
import type { Message } from '../../src/wire/messages.ts';
import type { SiteNode } from './site-node.ts';

export class Intruder {
  readonly heard = new Heard();
  readonly peer: PeerId;
  #transport: SocketTransport | null = null;

  constructor(name: string) {
    this.peer = peerNamed(name);
  }

  async start(site: string, trust: Trust | null): Promise<this> {
    this.#transport = await startOnLoopback({ peer: this.peer, site, trust }, this.heard);
    return this;
  }

  dial({ ports }: SiteNode): void {
    this.#transport?.contact({ host: '127.0.0.1', port: ports.port });
  }

  say(node: SiteNode, message: Message, channel: 'stream' | 'datagram' = 'stream'): void {
    const address = { host: '127.0.0.1', port: node.ports.port };
    this.#transport?.send(peerNamed(node.id), address, message, channel);
  }

  async stop(): Promise<void> {
    await this.#transport?.stop();
  }
}
