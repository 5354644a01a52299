// A peer as the simulator runs it: the real one, told its options. Broken variants of it stand in
// `mutations.ts`.

import type { Address } from '../model/address.ts';
import type { PeerId } from '../model/ids.ts';
import type { Now } from '../model/time.ts';
import type { PeerOptions } from '../peer/options.ts';
import { Peer } from '../peer/peer.ts';
import type { Input, PeerOutbox } from '../peer/port.ts';
import type { Process } from './node.ts';
import type { Boot } from './world.ts';

export class PeerProcess implements Process {
  readonly peer: Peer;
  protected readonly boot: Boot;

  constructor(boot: Boot, options: PeerOptions) {
    this.boot = boot;
    this.peer = new Peer(options, boot.recovered, boot.random, boot.now);
  }

  get wakeAt(): number {
    return this.peer.wakeAt;
  }

  get takesPart(): boolean {
    return this.peer.history !== null;
  }

  start(out: PeerOutbox): void {
    this.peer.start(out);
  }

  handle(input: Input, now: Now, out: PeerOutbox): void {
    this.peer.handle(input, now, out);
  }

  addressOf(peer: PeerId): Address | null {
    return this.peer.addressOf(peer);
  }
}
