import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import { compareBallots } from '../../model/ballot.ts';
import type { FoundingState } from '../../model/entry.ts';
import type { GroupView } from '../../model/group-view.ts';
import type { PeerId } from '../../model/ids.ts';
import { isOrderingMessage } from '../../wire/ordering-messages.ts';
import { Founding } from './founding.ts';
import { ann, at, bob, cat, dan, eve, memberOf, RecordedOrderingOutbox, siteOf } from './testing.ts';

test('[OR41] nodes that see as many as they expect found one group at once, with the highest as voters', () => {
  const site = new FoundingSite([ann, bob, cat, dan], { maxVoters: 3 });

  site.run(200);

  expect(site.groups().length).toBe(1);
  expect(site.founded[0]?.view.voters.map(({ peer }) => peer)).toEqual([dan, cat, bob]);
});

test("[OR42] a group's id begins with the number of its voters", () => {
  const site = new FoundingSite([ann, bob, cat], {});

  site.run(200);

  expect(site.groups()[0]?.slice(0, 2)).toBe('03');
});

test('[OR41] a quorum of those expected founds only after a while, and less than that never', () => {
  const quorum = new FoundingSite([ann, bob], { expect: 3 });
  const few = new FoundingSite([ann], { expect: 3 });

  quorum.run(4_000);
  const early = quorum.groups().length;
  quorum.run(10_000);
  few.run(60_000);

  expect([early, quorum.groups().length, few.groups().length]).toEqual([0, 1, 0]);
});

test('[OR41] a node that expects nobody founds alone after a while', () => {
  const site = new FoundingSite([ann], { expect: 1 });

  site.run(4_000);
  const early = site.groups().length;
  site.run(8_000);

  expect([early, site.groups().length]).toEqual([0, 1]);
});

test('[OR41] nothing is told before the disk has it', () => {
  const site = new FoundingSite([ann, bob], { diskMs: 1_000_000 });

  site.run(60_000);

  expect(site.sent).toBe(0);
});

for (let seed = 1; seed <= 15; seed++) {
  test(`[OR41] [OR42] whatever is lost, repeated, late or forgotten, one group is founded (seed ${seed})`, () => {
    const site = new FoundingSite([ann, bob, cat, dan, eve], { seed, lossPercent: 30, crashPercent: 3 });

    site.run(60_000);

    expect(site.groups().length).toBe(1);
  });
}

test('[OR41] many with slow disks, who ask each other again and again, found one group within half a minute', () => {
  const peers = [ann, bob, cat, dan, eve, ...Array.from({ length: 7 }, (_, i) => `p${i}` as PeerId)];
  const site = new FoundingSite(peers, { diskMs: 300, askEveryMs: 100 });

  site.run(30_000);

  expect(site.groups().length).toBe(1);
});

interface SiteOptions {
  /** How often each node hears again of each other one. */
  readonly askEveryMs?: number;
  readonly expect?: number;
  readonly maxVoters?: number;
  readonly seed?: number;
  readonly lossPercent?: number;
  readonly crashPercent?: number;
  readonly diskMs?: number;
}

interface Event {
  readonly atMs: number;
  readonly act: () => void;
}

/** Nodes that all see each other, a network that loses and repeats, and disks that are slow and forget what they owe. */
class FoundingSite {
  readonly founded: { readonly group: string; readonly view: GroupView }[] = [];
  sent = 0;
  readonly #options: SiteOptions;
  readonly #peers: readonly PeerId[];
  readonly #random: Random;
  readonly #nodes = new Map<PeerId, { machine: Founding; life: number; disk: FoundingState | null }>();
  #events: Event[] = [];
  #nowMs = 0;

  constructor(peers: readonly PeerId[], options: SiteOptions) {
    this.#options = options;
    this.#peers = peers;
    this.#random = new Random(options.seed ?? 1);
    for (const peer of peers) this.#start(peer, null, 0);
  }

  groups(): string[] {
    return [...new Set(this.founded.map(({ group }) => group))];
  }

  run(untilMs: number): void {
    while (this.#nowMs < untilMs) {
      this.#nowMs += 5;
      const due = this.#events.filter(({ atMs }) => atMs <= this.#nowMs);
      this.#events = this.#events.filter(({ atMs }) => atMs > this.#nowMs);
      for (const { act } of due) act();
      for (const peer of this.#peers) this.#step(peer);
    }
  }

  #step(peer: PeerId): void {
    const node = this.#nodes.get(peer);
    if (node === undefined) return;
    if (this.#nowMs % (this.#options.askEveryMs ?? Number.POSITIVE_INFINITY) === 0)
      this.#introduce(node.machine, peer);
    node.machine.wake(at(this.#nowMs), this.#port(peer));
    const crash = (this.#options.crashPercent ?? 0) / 100;
    if (this.#random.chance(crash / 100)) this.#start(peer, node.disk, node.life + 1);
  }

  #start(peer: PeerId, disk: FoundingState | null, life: number): void {
    const { expect = this.#peers.length, maxVoters = 5 } = this.#options;
    const site = siteOf(peer, { maxVoters });
    const machine = new Founding(site, memberOf(peer), expect, disk, this.#random.fork(), at(this.#nowMs));
    this.#introduce(machine, peer);
    this.#nodes.set(peer, { machine, life, disk });
  }

  #introduce(machine: Founding, peer: PeerId): void {
    const { expect = this.#peers.length } = this.#options;
    for (const other of this.#peers)
      if (other !== peer) machine.saw(memberOf(other), expect, at(this.#nowMs));
  }

  #port(peer: PeerId) {
    const life = this.#nodes.get(peer)?.life;
    return {
      saveFounding: (state: FoundingState): void => {
        this.#later(this.#options.diskMs ?? this.#random.between(1, 10), () => {
          const node = this.#nodes.get(peer);
          if (node === undefined || node.life !== life) return;
          if (node.disk !== null && compareBallots(node.disk.promised, state.promised) > 0) return;
          node.disk = state;
          node.machine.saved(state, this.#out(peer));
        });
      },
      founded: (group: string, view: GroupView): void => void this.founded.push({ group, view }),
    };
  }

  #out(peer: PeerId): RecordedOrderingOutbox {
    const site = this;
    return new (class extends RecordedOrderingOutbox {
      override send(to: PeerId, message: Parameters<RecordedOrderingOutbox['send']>[1]): void {
        site.#carry(peer, to, message);
      }
    })();
  }

  #carry(from: PeerId, to: PeerId, message: Parameters<RecordedOrderingOutbox['send']>[1]): void {
    this.sent++;
    const copies = this.#random.chance(0.1) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.#random.chance((this.#options.lossPercent ?? 0) / 100)) continue;
      this.#later(this.#random.between(1, 60), () => {
        const node = this.#nodes.get(to);
        if (node === undefined || !isOrderingMessage(message)) return;
        switch (message.type) {
          case 'FOUND_PREPARE':
          case 'FOUND_PROMISE':
          case 'FOUND_ACCEPT':
          case 'FOUND_ACCEPTED':
          case 'FOUND_REFUSE':
            node.machine.receive(from, message, at(this.#nowMs), this.#port(to), this.#out(to));
            return;
          default:
        }
      });
    }
  }

  #later(ms: number, act: () => void): void {
    this.#events.push({ atMs: this.#nowMs + ms, act });
  }
}
