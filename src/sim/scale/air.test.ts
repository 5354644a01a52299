import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import type { PeerId } from '../../model/ids.ts';
import type { Input } from '../../peer/port.ts';
import { type Hello, type Message, PROTOCOL, PROTOCOL_MIN } from '../../wire/messages.ts';
import { Agenda } from './agenda.ts';
import { Air, type Terminal } from './air.ts';
import { AIR_DEFAULTS, type AirOptions } from './options.ts';
import { Tally } from './tally.ts';

test('[SM21] the first frame dials: both hear of the link, and the frame follows', () => {
  const { air, ann, bob, run } = airOf({});

  air.send(ann, bob, ping(1), 'stream');
  run(100);

  expect(ann.heard()).toEqual(['link-up bob']);
  expect(bob.heard()).toEqual(['link-up ann', 'ping 1']);
});

test('[SM21] frames of a connection keep their order, and datagrams overtake each other', () => {
  const { air, ann, bob, run } = airOf({ jitter: 1 });
  air.linkAll([ann, bob]);

  const nonces = Array.from({ length: 50 }, (_, at) => at);
  for (const nonce of nonces) air.send(ann, bob, ping(nonce), 'stream');
  run(100);
  const frames = bob.heard();
  for (const nonce of nonces) air.send(ann, bob, ping(nonce), 'datagram');
  run(200);
  const datagrams = bob.heard();

  expect(frames).toEqual(nonces.map((nonce) => `ping ${nonce}`));
  expect(datagrams).not.toEqual(frames);
  expect(datagrams.toSorted()).toEqual(frames.toSorted());
});

test('[SM21] of frames that are lost for good the connection is not told', () => {
  const { air, ann, bob, run } = airOf({ lossChance: 0.5 });
  air.linkAll([ann, bob]);

  for (let nonce = 0; nonce < 200; nonce++) air.send(ann, bob, ping(nonce), 'stream');
  run(60_000);

  const arrived = bob.heard();
  expect(arrived.length).toBeGreaterThan(60);
  expect(arrived.length).toBeLessThan(140);
  expect(ann.heard()).toEqual([]);
});

test('[SM21] frames that are repeated come late, all of them, in their order', () => {
  const { air, ann, bob, run } = airOf({ lossChance: 0.5, lostFrames: 'late' });
  air.linkAll([ann, bob]);

  const nonces = Array.from({ length: 50 }, (_, at) => at);
  for (const nonce of nonces) air.send(ann, bob, ping(nonce), 'stream');
  run(150);
  const early = bob.heard();
  run(10_000_000);

  expect(early.length).toBeLessThan(50);
  expect([...early, ...bob.heard()]).toEqual(nonces.map((nonce) => `ping ${nonce}`));
});

test('[SM21] what is sent into a cut is lost, and both ends give the connection up', () => {
  const { air, ann, bob, run } = airOf({});
  air.linkAll([ann, bob]);
  air.cuts.split((station) => station);

  air.send(ann, bob, ping(1), 'stream');
  air.send(ann, bob, ping(2), 'datagram');
  run(20_000);

  expect(ann.heard()).toEqual(['link-down bob silent']);
  expect(bob.heard()).toEqual(['link-down ann silent']);
});

test('[SM21] a connection outlives a cut that ends before it is given up', () => {
  const { air, ann, bob, run } = airOf({});
  air.linkAll([ann, bob]);
  air.cuts.cutWay(ann.index, bob.index);
  air.send(ann, bob, ping(1), 'stream');
  run(1_000);

  air.cuts.mend();
  air.send(ann, bob, ping(2), 'stream');
  run(30_000);

  expect(ann.heard()).toEqual([]);
  expect(bob.heard()).toEqual(['ping 2']);
});

test('[SM21] a process that ends closes its connections, and a machine without power tells nobody', () => {
  const { air, ann, bob, cat, run } = airOf({});
  air.linkAll([ann, bob, cat]);

  bob.end(true);
  air.gone(bob, true);
  cat.end(false);
  air.gone(cat, false);
  run(30_000);
  const untold = ann.heard();
  air.send(ann, cat, ping(1), 'stream');
  run(60_000);

  expect(untold).toEqual(['link-down bob closed']);
  expect(ann.heard()).toEqual(['link-down cat silent']);
});

test('[SM21] a dial of nobody is refused, of a machine without power it is not answered in time', () => {
  const { air, ann, bob, cat, run } = airOf({});
  bob.end(true);
  cat.end(false);

  for (const other of [bob, cat]) air.contact(ann, other, () => {});
  run(500);
  const soon = ann.heard();
  run(2_000);

  expect(soon).toEqual(['contact-failed bob refused']);
  expect(ann.heard()).toEqual(['contact-failed cat timeout']);
});

function airOf(options: Partial<AirOptions>) {
  const agenda = new Agenda();
  const terminals = ['ann', 'bob', 'cat'].map((id, index) => new EchoTerminal(index, id as PeerId));
  const [ann, bob, cat] = terminals as [EchoTerminal, EchoTerminal, EchoTerminal];
  const air = new Air(agenda, terminals, new Tally(3, 1), new Random(1), { ...AIR_DEFAULTS, ...options });
  const run = (untilMs: number): void => {
    while (agenda.take(untilMs)) {
      const { what, station, life } = agenda;
      const terminal = terminals[station];
      if (typeof what === 'function') what();
      else if (what !== null && terminal !== undefined && terminal.life === life) terminal.deliver(what);
    }
  };
  return { air, ann, bob, cat, run };
}

/** Writes down what it is told. */
class EchoTerminal implements Terminal {
  readonly index: number;
  readonly id: PeerId;
  readonly address;
  readonly paused = false;
  life = 1;
  up = true;
  powered = true;
  #heard: string[] = [];

  constructor(index: number, id: PeerId) {
    this.index = index;
    this.id = id;
    this.address = { host: id, port: 9_000 };
  }

  /** Since the last time it was asked. */
  heard(): readonly string[] {
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  end(powered: boolean): void {
    this.life++;
    this.up = false;
    this.powered = powered;
  }

  hello(): Hello {
    return {
      type: 'HELLO',
      protocolMin: PROTOCOL_MIN,
      protocolMax: PROTOCOL,
      site: 'sim',
      peer: this.id,
      identity: { birth: 1, random: '00000000000000aa' },
      incarnation: 1,
      address: this.address,
      apiPort: 0,
      zone: '',
      instance: '0000000000000001',
      uptimeMs: 0,
    };
  }

  deliver(input: Input): void {
    this.#heard.push(textOf(input));
  }
}

function textOf(input: Input): string {
  switch (input.type) {
    case 'received':
      return input.message.type === 'PING' ? `ping ${input.message.nonce}` : input.message.type;
    case 'link-up':
      return `link-up ${input.hello.peer}`;
    case 'link-down':
      return `link-down ${input.peer} ${input.cause}`;
    case 'contact-failed':
      return `contact-failed ${input.address.host} ${input.cause}`;
    default:
      return input.type;
  }
}

function ping(nonce: number): Message {
  return { type: 'PING', nonce, wallMs: 0, rumours: [] };
}
