// Machines of two versions in one group: the later program knows a format of entries that the earlier one does not.
// SPEC rule SM69.

import type { Entry } from '../../../model/entry.ts';
import type { Fact } from '../../../model/fact.ts';
import type { OrderingMessage } from '../../../wire/ordering-messages.ts';
import { OrderImage } from '../image.ts';
import type { Script, Scripted } from '../script.ts';
import { latestView } from '../views.ts';
import { type OrderPlace, OrderWatcher } from '../watcher.ts';

const LATER = 2;
const THREE = ['ann', 'bob', 'cat'] as const;

/** The leader and bob know the later format, and ann does not. */
export const ONE_EARLIER: Scripted = {
  options: { nodes: 3 },
  play: (s) => {
    for (const name of ['bob', 'cat']) s.stage.formats.set(s.node(name).peer, LATER);
    s.begin('cat');
    load(s);
    s.run(1_000);
    s.expect('nobody says the later format before all know it', saidAt(s).length === 0);
  },
};

export const VERSIONS: { readonly [name: string]: Scripted } = {
  'machines are replaced one by one under load: the later format is said once all know it, and nothing is lost':
    {
      options: { nodes: 3 },
      play: (s) => {
        s.begin('cat');
        for (const name of ['ann', 'bob', 'cat']) {
          load(s);
          s.expect('nobody says the later format before all know it', saidAt(s).length === 0);
          replace(s, name);
          load(s);
          s.start(name);
          s.commit(name, 1);
          s.untilAllAgree();
        }
        s.until('the later format is said', () => saidAt(s).length === 1);
        load(s);
        s.untilAllAgree();
        s.expect('it is said once', saidAt(s).length === 1);
        for (const name of THREE) s.expect(`${name}'s are all ordered`, isAllOrdered(s, name));
      },
    },
  'a machine that is away, or only learns, holds the later format back until it knows it too': {
    options: { nodes: 4, voters: 3, ordering: { promoteAfterMs: 600_000 } },
    play: (s) => {
      s.begin('cat');
      s.crash('dan');
      for (const name of THREE) {
        replace(s, name);
        s.start(name);
        s.commit(name, 1);
      }
      s.run(3_000);
      s.expect('nobody knows whether dan knows it', saidAt(s).length === 0);
      s.start('dan');
      s.untilAllAgree();
      s.run(3_000);
      s.expect('dan does not know it', saidAt(s).length === 0);
      replace(s, 'dan');
      s.start('dan');
      s.until('the later format is said', () => saidAt(s).length === 1);
      s.untilAllAgree();
    },
  },
  'a leader that dies with the later format unsaid or half said leaves it to the next one': {
    options: { nodes: 3 },
    play: (s) => {
      for (const name of THREE) s.stage.formats.set(s.node(name).peer, LATER);
      s.gate((from, _to, message) => (from === 'cat' && isAboutFormat(message) ? 'drop' : 'pass'));
      s.startAll();
      s.untilLeads('cat');
      s.until('cat has it in its log', () => s.node('cat').asked.entries.some(isLater));
      s.crash('cat');
      s.gate(null);
      s.untilSomeLeads(['ann', 'bob']);
      load(s);
      s.expect('it was said to nobody', saidAt(s).length === 0);
      s.start('cat');
      s.until('the later format is said', () => saidAt(s).length > 0);
      s.untilAllAgree();
      s.expect('it is said once', saidAt(s).length === 1);
    },
  },
  'an earlier program that comes later takes no part and says why, and the others go on': {
    options: { nodes: 4, voters: 3, ordering: { promoteAfterMs: 200, baseEveryBytes: 500 } },
    play: (s) => {
      const refusals = new Refusals();
      s.stage.world.watcher.add(refusals);
      s.begin('cat');
      s.leader?.command({ kind: 'remove', peer: s.node('dan').peer });
      s.until('dan is no member', () => !isMember(s, 'dan'));
      s.crash('dan');
      for (const name of THREE) {
        replace(s, name);
        s.start(name);
        s.commit(name, 20);
      }
      s.until('the later format is said', () => saidAt(s).length === 1);
      s.stage.world.replaceDisk(s.node('dan'), new OrderImage(), 'is another one');
      for (const isTrimmed of [false, true]) {
        if (isTrimmed) trim(s);
        s.start('dan');
        s.until('dan says why', () => refusals.of('dan') === LATER, 30_000);
        s.crash('dan');
        refusals.forget();
      }
      s.start('dan');
      s.until('dan says why', () => refusals.of('dan') === LATER, 30_000);
      for (let turn = 0; turn < 5; turn++) load(s);
      s.expect('dan has nothing of it', s.node('dan').commitIndex < s.node('cat').commitIndex);
      replace(s, 'dan');
      s.start('dan');
      s.untilAllAgree();
    },
  },
};

/** Who stops knowing a format, and which. */
class Refusals extends OrderWatcher {
  readonly #formats = new Map<string, number>();

  override announced(at: OrderPlace, fact: Fact): void {
    if (fact.type === 'format-unknown') this.#formats.set(at.peer, fact.format);
  }

  forget(): void {
    this.#formats.clear();
  }

  of(name: string): number | null {
    return this.#formats.get(name) ?? null;
  }
}

/** It is stopped, handing the lead over, and its next process is of the later version. */
function replace(s: Script, name: string): void {
  const node = s.node(name);
  node.deliver((machine, now, out) => machine.leave(now, out));
  s.run(100);
  s.crash(name);
  s.stage.formats.set(node.peer, LATER);
}

/** Readings come in at all who run, and those of one of them are waited for. */
function load(s: Script): void {
  const running = s.nodes.filter(({ up }) => up).map(({ peer }) => peer);
  for (const name of running) s.submit(name, 2);
  const [first] = running;
  if (first !== undefined) s.commit(first, 1);
}

/** The word of the later format leaves the log: who comes later begins from a base. */
function trim(s: Script): void {
  for (let turn = 0; turn < 40 && s.node('ann').image.log.first <= (saidAt(s)[0] ?? 0); turn++) {
    load(s);
    const { leader } = s;
    leader?.deliver((machine, now, out) =>
      machine.retain(Math.max(0, leader.commitIndex - 3), true, now, out),
    );
    s.run(50);
  }
  s.untilAllAgree();
  s.expect('the word is trimmed', s.node('ann').image.log.first > (saidAt(s)[0] ?? 0));
}

/** Where the order says that a later format follows. */
function saidAt(s: Script): readonly number[] {
  const { committed } = s.stage.truth.of(s.nodes.find(({ group }) => group !== null)?.group ?? null);
  return committed.flatMap(({ entry }) => (isLater(entry) ? [entry.index] : []));
}

function isAllOrdered(s: Script, name: string): boolean {
  return s.orderedN(name) === s.node(name).lastN;
}

function isMember(s: Script, name: string): boolean {
  const view = s.leader ? latestView(s.leader).view : null;
  return view === null || [...view.voters, ...view.learners].some(({ peer }) => peer === name);
}

function isAboutFormat(message: OrderingMessage): boolean {
  return message.type === 'APPEND' && message.entries.some(isLater);
}

function isLater({ body }: Entry): boolean {
  return body.kind === 'upgrade';
}
