// Helpers for the tests of membership: words to build its values with, an outbox that remembers, and a
// machine to be led by hand. Several of them in a network are in `testing-lan.ts`.

import { Random } from '../../kit/random.ts';
import type { Address } from '../../model/address.ts';
import type { Fact } from '../../model/fact.ts';
import { type Identity, type PeerId, parsePeerId } from '../../model/ids.ts';
import type { Rumour } from '../../model/member.ts';
import type { Now } from '../../model/time.ts';
import { type Hello, type Message, PROTOCOL, PROTOCOL_MIN } from '../../wire/messages.ts';
import type { Channel, Outbox } from '../outbox.ts';
import { Membership } from './machine.ts';
import { MEMBERSHIP_DEFAULTS } from './options.ts';

export function peerOf(name: string): PeerId {
  const parsed = parsePeerId(name);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

/** 2023-11-14, so that the ring's turns begin at a whole second. */
export const EPOCH_MS = 1_700_000_000_000;

export function at(steadyMs: number, wallAheadMs = 0): Now {
  return { steadyMs, wallMs: EPOCH_MS + steadyMs + wallAheadMs };
}

export function homeOf(peer: PeerId): Address {
  return { host: `${peer}.site`, port: 9000 };
}

export function identityOf(birth: number): Identity {
  return { birth, random: birth.toString(16).padStart(16, '0') };
}

export function rumourOf(peer: PeerId, said: Partial<Rumour> = {}): Rumour {
  const identity = identityOf(1);
  const address = homeOf(peer);
  return { peer, identity, incarnation: 1, status: 'alive', address, apiPort: 0, zone: '', ...said };
}

export function helloOf(rumour: Rumour, uptimeMs = 0): Hello {
  const { peer, identity, incarnation, address, apiPort, zone } = rumour;
  const versions = { protocolMin: PROTOCOL_MIN, protocolMax: PROTOCOL };
  const instance = '0'.repeat(16);
  return {
    type: 'HELLO',
    ...versions,
    site: 'test',
    peer,
    identity,
    incarnation,
    address,
    apiPort,
    zone,
    instance,
    uptimeMs,
  };
}

export interface Sent {
  readonly to: PeerId;
  readonly message: Message;
  readonly channel: Channel;
}

export class RecordedOutbox implements Outbox {
  readonly sent: Sent[] = [];
  readonly contacts: Address[] = [];
  readonly facts: Fact[] = [];

  send(to: PeerId, message: Message, channel: Channel): void {
    this.sent.push({ to, message, channel });
  }

  contact(address: Address): void {
    this.contacts.push(address);
  }

  announce(fact: Fact): void {
    this.facts.push(fact);
  }

  sentOf(type: Message['type']): Sent[] {
    return this.sent.filter(({ message }) => message.type === type);
  }

  factsOf(type: Fact['type']): Fact[] {
    return this.facts.filter((fact) => fact.type === type);
  }

  clear(): void {
    this.sent.length = 0;
    this.contacts.length = 0;
    this.facts.length = 0;
  }
}

/** Running, and told of the others by the first of them. */
export function membershipOf(self: PeerId, others: readonly PeerId[], options = {}) {
  const out = new RecordedOutbox();
  const all = { ...MEMBERSHIP_DEFAULTS, ...options };
  const membership = new Membership(rumourOf(self), [], all, new Random(11), at(0));
  membership.start(at(0), out);
  hear(
    membership,
    others[0] ?? self,
    others.map((peer) => rumourOf(peer)),
    0,
    out,
  );
  out.clear();
  return { membership, out };
}

/** Lets the first rumours go round, without the probes finding out that nobody answers. */
export function settle(membership: Membership, out: RecordedOutbox): void {
  for (let ms = 50; ms <= 9_500; ms += 50) {
    membership.wake(at(ms), out);
    membership.stalled(0, at(ms), out);
  }
  out.clear();
}

export function hear(
  membership: Membership,
  from: PeerId,
  rumours: readonly Rumour[],
  ms: number,
  out: RecordedOutbox,
): void {
  membership.receive(from, { type: 'PEER_LIST', whole: false, rumours }, 'stream', at(ms), out);
}

export function runUntil(membership: Membership, ms: number, out: RecordedOutbox): void {
  while (membership.wakeAt <= ms) membership.wake(at(membership.wakeAt), out);
}

export function runWhileOthersAnswer(
  membership: Membership,
  silent: PeerId,
  ms: number,
  out: RecordedOutbox,
): void {
  let answered = out.sent.length;
  while (membership.wakeAt <= ms) {
    const now = at(membership.wakeAt);
    membership.wake(now, out);
    for (const { to, message, channel } of out.sent.slice(answered)) {
      if (message.type !== 'PING' || to === silent) continue;
      const { nonce, wallMs } = message;
      membership.receive(to, { type: 'PONG', nonce, wallMs, rumours: [] }, channel, now, out);
    }
    answered = out.sent.length;
  }
}

export function crowd(count: number): PeerId[] {
  return Array.from({ length: count }, (_, i) => peerOf(`peer-${i}`));
}

export function rumoursIn(message: object | undefined): PeerId[] {
  const rumours = message !== undefined && 'rumours' in message ? (message.rumours as readonly Rumour[]) : [];
  return rumours.map(({ peer }) => peer);
}
