// Helpers of this folder's tests: peers by name, and waiting for something to be true.

import { must } from '../../kit/assert.ts';
import type { Address } from '../../model/address.ts';
import { type PeerId, parsePeerId } from '../../model/ids.ts';
import type { TrustRefusal } from '../../model/trust-refusal.ts';
import type { Channel, ContactFailure, LinkLoss } from '../../protocol/outbox.ts';
import { type ErrorCode, type Hello, type Message, PROTOCOL, PROTOCOL_MIN } from '../../wire/messages.ts';
import type { TransportEvents } from './transport.ts';

export const ann = peerNamed('ann');
export const bob = peerNamed('bob');
export const cat = peerNamed('cat');
export const dan = peerNamed('dan');

export function helloOf(peer: PeerId, but: Partial<Hello> = {}): Hello {
  return {
    type: 'HELLO',
    protocolMin: PROTOCOL_MIN,
    protocolMax: PROTOCOL,
    site: 'test',
    peer,
    identity: { birth: 1, random: '0123456789abcdef' },
    incarnation: 1,
    address: { host: '127.0.0.1', port: 9000 },
    apiPort: 0,
    zone: '',
    instance: instanceOf(peer),
    uptimeMs: 1_000,
    ...but,
  };
}

/** 16 hex digits that depend on the text. */
export function instanceOf(text: string): string {
  return Buffer.from(text.padEnd(8)).toString('hex').slice(0, 16);
}

export function ping(nonce: number): Message {
  return { type: 'PING', nonce, wallMs: 0, rumours: [] };
}

/** Writes down what a transport tells. */
export class Heard implements TransportEvents {
  readonly story: string[] = [];
  readonly hellos: Hello[] = [];
  readonly refusals: ErrorCode[] = [];
  readonly distrust: TrustRefusal[] = [];
  readonly messages: { readonly from: PeerId; readonly message: Message; readonly channel: Channel }[] = [];

  onChannel(wanted: Channel): { readonly from: PeerId; readonly message: Message }[] {
    const found = this.messages.filter(({ channel }) => channel === wanted);
    return found.map(({ from, message }) => ({ from, message }));
  }

  received(from: PeerId, message: Message, channel: Channel): void {
    this.messages.push({ from, message, channel });
  }

  linkUp(hello: Hello): void {
    this.hellos.push(hello);
    this.story.push(`up ${hello.peer}`);
  }

  linkDown(peer: PeerId, cause: LinkLoss): void {
    this.story.push(`down ${peer} ${cause}`);
  }

  linkBusy(peer: PeerId, busy: boolean): void {
    this.story.push(`${busy ? 'busy' : 'free'} ${peer}`);
  }

  contactFailed(address: Address, cause: ContactFailure): void {
    this.story.push(`contact ${address.port} ${cause}`);
  }

  namesake(hello: Hello): void {
    this.story.push(`namesake ${hello.instance}`);
  }

  refused(_where: string, code: ErrorCode): void {
    this.refusals.push(code);
  }

  distrusted(_where: string, why: TrustRefusal): void {
    this.distrust.push(why);
  }
}

/** Resolves once it is true; the test fails when it does not come to be. */
export async function until(isTrue: () => boolean, withinMs = 5_000): Promise<void> {
  const startMs = performance.now();
  while (!isTrue()) {
    if (performance.now() - startMs > withinMs) throw new Error(`not true within ${withinMs} ms: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export function peerNamed(text: string): PeerId {
  const parsed = parsePeerId(text);
  return must(parsed.ok ? parsed.value : null, 'a peer id');
}
