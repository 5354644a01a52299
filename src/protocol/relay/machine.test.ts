import { expect, test } from 'vitest';
import type { Fact } from '../../model/fact.ts';
import type { PeerId } from '../../model/ids.ts';
import { LIMITS } from '../../model/limits.ts';
import type { RelayMessage } from '../../model/relay-message.ts';
import type { Message } from '../../wire/messages.ts';
import { isRelayMessage } from '../../wire/relay-messages.ts';
import type { Outbox } from '../outbox.ts';
import { Relay } from './machine.ts';

const ann = 'ann' as PeerId;
const bob = 'bob' as PeerId;
const cat = 'cat' as PeerId;

test('[MQ9] a message reaches each node that wants it, once and in order, and no other', () => {
  const net = new Net([ann, bob, cat]);
  net.want(bob, ['bed1/#']);

  net.pass(ann, 'bed1/a', 'bed2/a', 'bed1/b');

  expect(net.heard(bob)).toEqual(['bed1/a', 'bed1/b']);
  expect(net.heard(cat)).toEqual([]);
});

test('[MQ9] what nobody wants costs no message', () => {
  const net = new Net([ann, bob]);

  net.pass(ann, 'bed1/a');

  expect(net.sent).toBe(0);
});

test('[MQ9] what a broken link has lost is sent again, and what came twice is taken once', () => {
  const net = new Net([ann, bob]);
  net.want(bob, ['#']);
  net.cut = true;
  net.pass(ann, 'a', 'b');
  net.cut = false;

  net.relink(ann, bob);
  net.repeatAll();

  expect(net.heard(bob)).toEqual(['a', 'b']);
});

test('[MQ9] a message whose answer is late is sent again without a new link', () => {
  const net = new Net([ann, bob]);
  net.want(bob, ['#']);
  net.cut = true;
  net.pass(ann, 'a');
  net.cut = false;

  net.runUntil(2_000);

  expect(net.heard(bob)).toEqual(['a']);
  expect(net.of(ann).wakeAt).toBe(Number.POSITIVE_INFINITY);
});

test('[MQ9] a node that is away for long misses the oldest, and they are counted', () => {
  const net = new Net([ann, bob]);
  net.want(bob, ['#']);
  net.cut = true;
  const topics = Array.from({ length: LIMITS.relayMessagesMax + 2 }, (_, at) => `t${at}`);
  net.pass(ann, ...topics);
  net.cut = false;

  net.relink(ann, bob);

  expect(net.heard(bob)).toEqual(topics.slice(2));
  expect(net.of(ann).counters().relay_messages_dropped_total).toBe(2);
});

test('[MQ9] a node that starts anew begins its numbers anew, and its messages are taken', () => {
  const net = new Net([ann, bob]);
  net.want(bob, ['#']);
  net.pass(ann, 'a');

  net.restart(ann);
  net.relink(ann, bob);
  net.pass(ann, 'b');

  expect(net.heard(bob)).toEqual(['a', 'b']);
});

test('[MQ10] what is wanted is known when every node that is alive has said so', () => {
  const net = new Net([ann, bob, cat]);
  net.cut = true;
  net.want(bob, ['#']);

  const before = net.of(bob).isKnown;
  net.cut = false;
  net.runUntil(2_000);

  expect(before).toBe(false);
  expect(net.of(bob).isKnown).toBe(true);
  expect(net.of(ann).wantedElsewhere('a')).toBe(true);
});

test('[MQ10] who does not answer is not waited for once it counts as gone', () => {
  const net = new Net([ann, bob]);
  net.cut = true;
  net.want(bob, ['#']);

  net.of(bob).memberDown(ann, net.now());

  expect(net.of(bob).isKnown).toBe(true);
});

test('[MQ10] of a shared subscription one node gets each message, in turns, and none where it is served already', () => {
  const net = new Net([ann, bob, cat]);
  net.want(bob, ['$share/crew/bed1/#']);
  net.want(cat, ['$share/crew/bed1/#']);

  net.pass(ann, 'bed1/a', 'bed1/b');
  net.passServed(ann, 'bed1/c', ['$share/crew/bed1/#']);

  expect([...net.heard(bob), ...net.heard(cat)].sort()).toEqual(['bed1/a', 'bed1/b']);
  expect(net.heard(bob)).toHaveLength(1);
});

/** Relays that hear each other at once, unless the wires are cut. */
class Net {
  cut = false;
  sent = 0;
  readonly #relays = new Map<PeerId, Relay>();
  readonly #facts = new Map<PeerId, Fact[]>();
  readonly #log: { from: PeerId; to: PeerId; message: Message }[] = [];
  #nowMs = 0;
  #life = 1;

  constructor(peers: readonly PeerId[]) {
    for (const peer of peers) {
      this.#relays.set(peer, this.#relayOf());
      this.#facts.set(peer, []);
    }
  }

  now() {
    return { steadyMs: this.#nowMs, wallMs: this.#nowMs };
  }

  of(peer: PeerId): Relay {
    const relay = this.#relays.get(peer);
    if (relay === undefined) throw new Error(`no relay of ${peer}`);
    return relay;
  }

  want(peer: PeerId, filters: readonly string[]): void {
    const others = [...this.#relays.keys()].filter((other) => other !== peer);
    this.of(peer).want(filters, others, this.now(), this.#outOf(peer));
  }

  pass(peer: PeerId, ...topics: readonly string[]): void {
    this.of(peer).pass(
      topics.map((topic) => messageOf(topic)),
      this.now(),
      this.#outOf(peer),
    );
  }

  passServed(peer: PeerId, topic: string, shares: readonly string[]): void {
    this.of(peer).pass([{ ...messageOf(topic), shares }], this.now(), this.#outOf(peer));
  }

  relink(a: PeerId, b: PeerId): void {
    this.of(a).linkUp(b, this.now(), this.#outOf(a));
    this.of(b).linkUp(a, this.now(), this.#outOf(b));
  }

  restart(peer: PeerId): void {
    this.#relays.set(peer, this.#relayOf());
  }

  repeatAll(): void {
    for (const { from, to, message } of [...this.#log]) this.#deliver(from, to, message);
  }

  runUntil(ms: number): void {
    for (; this.#nowMs < ms; this.#nowMs += 100) {
      for (const [peer, relay] of this.#relays) relay.wake(this.now(), this.#outOf(peer));
    }
  }

  heard(peer: PeerId): readonly string[] {
    return (this.#facts.get(peer) ?? []).flatMap((fact) =>
      fact.type === 'messages-received' ? fact.messages.map(({ topic }) => topic) : [],
    );
  }

  #relayOf(): Relay {
    return new Relay({ identity: { birth: 1, random: '00000000000000aa' }, incarnation: this.#life++ });
  }

  #outOf(from: PeerId): Outbox {
    return {
      send: (to, message) => {
        this.sent++;
        if (this.cut) return;
        this.#log.push({ from, to, message });
        this.#deliver(from, to, message);
      },
      contact: () => {},
      announce: (fact) => this.#facts.get(from)?.push(fact),
    };
  }

  #deliver(from: PeerId, to: PeerId, message: Message): void {
    if (isRelayMessage(message)) this.of(to).receive(from, message, this.now(), this.#outOf(to));
  }
}

function messageOf(topic: string): RelayMessage {
  return { topic, body: new Uint8Array([1, 2, 3]), shares: [] };
}
