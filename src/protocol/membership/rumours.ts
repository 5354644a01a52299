// Rumours on their way to others: each is passed on a bounded number of times, the least told first (SWIM
// §4.1), and what comes back from others counts as told (Demers 1987, feedback and counter). What this peer says
// of itself comes before all else, then what others refuted, since refutations race with deaths. SPEC rules
// MB5, MB6.

import type { PeerId } from '../../model/ids.ts';
import type { Rumour } from '../../model/member.ts';

/** `refutation`: it ends a doubt. `minor`: others have it already, or the most of it. */
export type NewsKind = 'refutation' | 'plain' | 'minor';

/** How often something minor is passed on: enough to start it, where it is news to some after all. */
const MINOR_TIMES_MAX = 4;
/** The part of all times that a rumour is passed on however often it comes back. */
const LEAST_TOLD = 1 / 3;

interface Entry {
  readonly rumour: Rumour;
  readonly kind: NewsKind;
  /** How often it was passed on, and how often others told it to this peer meanwhile. */
  times: number;
  echoes: number;
  /** Another has taken its place. */
  gone: boolean;
}

export class RumourQueue {
  readonly #self: PeerId;
  /** One rumour a peer, so there are never more than members. */
  readonly #byPeer = new Map<PeerId, Entry>();
  readonly #refutations = new Levels();
  readonly #others = new Levels();

  constructor(self: PeerId) {
    this.#self = self;
  }

  get size(): number {
    return this.#byPeer.size;
  }

  /** Begins to spread it, in place of what was said of that peer before. */
  put(rumour: Rumour, kind: NewsKind): void {
    const before = this.#byPeer.get(rumour.peer);
    this.remove(rumour.peer);
    // Something minor changes what is told, and leaves how often.
    const { kind: keptKind, times } = (kind === 'minor' && before) || { kind, times: 0 };
    const entry: Entry = { rumour, kind: keptKind, times, echoes: 0, gone: false };
    this.#byPeer.set(rumour.peer, entry);
    this.#keep(entry);
  }

  remove(peer: PeerId): void {
    const entry = this.#byPeer.get(peer);
    if (entry === undefined) return;
    entry.gone = true;
    this.#byPeer.delete(peer);
  }

  clear(): void {
    for (const peer of this.#byPeer.keys()) this.remove(peer);
  }

  /** Somebody told it to this peer: it goes round without its help. */
  heardAgain(rumour: Rumour): void {
    const entry = this.#byPeer.get(rumour.peer);
    if (entry !== undefined) entry.echoes++;
  }

  /** The rumours for one packet. Each is passed on at most `timesMax` times in all. */
  take(countMax: number, timesMax: number): Rumour[] {
    const taken: Entry[] = [];
    const own = this.#byPeer.get(this.#self);
    if (own !== undefined && countMax > 0) taken.push(own);
    const isOver = (entry: Entry): boolean => isTold(entry, timesMax);
    for (const levels of [this.#refutations, this.#others]) {
      levels.take(countMax - taken.length, isOver, taken, (entry) => this.#byPeer.delete(entry.rumour.peer));
    }
    for (const entry of taken) this.#passedOn(entry, timesMax);
    return taken.map(({ rumour }) => rumour);
  }

  #passedOn(entry: Entry, timesMax: number): void {
    entry.times++;
    if (isTold(entry, timesMax)) this.remove(entry.rumour.peer);
    else this.#keep(entry);
  }

  #keep(entry: Entry): void {
    if (entry.rumour.peer === this.#self) return;
    (entry.kind === 'refutation' ? this.#refutations : this.#others).push(entry);
  }
}

/** Entries by how often they were passed on; each level is a queue. */
class Levels {
  readonly #levels: Entry[][] = [];

  push(entry: Entry): void {
    while (this.#levels.length <= entry.times) this.#levels.push([]);
    this.#levels[entry.times]?.push(entry);
  }

  /** Moves up to `countMax` of the least told into `taken`, and gives those that are over to `end`. */
  take(
    countMax: number,
    isOver: (entry: Entry) => boolean,
    taken: Entry[],
    end: (entry: Entry) => void,
  ): void {
    let left = countMax;
    for (const level of this.#levels) {
      if (left <= 0) return;
      let looked = 0;
      for (; looked < level.length && left > 0; looked++) {
        const entry = level[looked];
        if (entry === undefined || entry.gone) continue;
        if (isOver(entry)) {
          end(entry);
          continue;
        }
        taken.push(entry);
        left--;
      }
      level.splice(0, looked);
    }
  }
}

/** What comes back counts as told, but never all of it: in small clusters it comes back from the same few. */
function isTold({ kind, times, echoes }: Entry, timesMax: number): boolean {
  const most = kind === 'minor' ? Math.min(MINOR_TIMES_MAX, timesMax) : timesMax;
  if (kind === 'refutation') return times >= most;
  return times >= most * LEAST_TOLD && times + echoes >= most;
}
