// What a disk of bytes has answered for, and what it was asked for and has not: at a start it must have all of the
// one, and beyond that nothing but a beginning of the other. SPEC rule SM58.

import { sameBallot } from '../../model/ballot.ts';
import type { Batch, OutboxRest } from '../../model/durable.ts';
import type { Entry, OrderState, RecoveredLog } from '../../model/entry.ts';
import { type Identity, identityText, sameIdentity } from '../../model/ids.ts';
import { sameChain } from '../../wire/entry.ts';
import { OrderImage, type OrderWrite } from './image.ts';

/** What the storage engine found. */
export interface EngineFound {
  readonly identity: Identity;
  readonly state: OrderState | null;
  readonly log: RecoveredLog;
  readonly outbox: readonly OutboxRest[];
}

export class Believed {
  #image = new OrderImage();
  /** In the order in which they were asked for. */
  readonly #pending = new Set<OrderWrite>();
  #lastN = 0;
  /** The identity before the present one, as long as that may not be durable. */
  #former: Identity | null = null;

  get image(): OrderImage {
    return this.#image;
  }

  /** The last own n that is known. */
  get lastN(): number {
    return this.#lastN;
  }

  ask(write: OrderWrite): void {
    this.#pending.add(write);
  }

  keep(write: OrderWrite): void {
    this.#pending.delete(write);
    this.#image.keep(write);
  }

  become(identity: Identity): void {
    this.#former = this.#image.identity;
    this.#image.identity = identity;
    this.#lastN = 0;
  }

  /** Another disk. */
  forget(identity: Identity | null): void {
    this.#image = new OrderImage();
    this.#image.identity = identity;
    this.#pending.clear();
    this.#lastN = 0;
  }

  /** What is missing or was never asked for; null when all is in order. `mayBeDamaged`: damage may be told. */
  compare(found: EngineFound, mayBeDamaged: boolean): string | null {
    return this.#state(found) ?? this.#log(found.log, mayBeDamaged) ?? this.#outbox(found.outbox);
  }

  /** Takes what was found for what is there, and tells what of it had not been answered for. */
  adopt(found: EngineFound, snapshotN: number, batches: readonly Batch[]): readonly OrderWrite[] {
    const more = [
      ...this.#moreState(found.state),
      ...this.#moreLog(found.log),
      ...this.#moreBatches(found.outbox),
    ];
    this.#image.identity = found.identity;
    this.#former = null;
    this.#image.state = found.state;
    this.#adoptLog(found.log);
    for (const write of more) if (write.type === 'batch') this.#image.keep(write);
    this.#pending.clear();
    this.#lastN = snapshotN;
    for (const { identity, records } of batches) {
      if (sameIdentity(identity, found.identity)) this.#lastN = Math.max(this.#lastN, records.at(-1)?.n ?? 0);
    }
    return more;
  }

  #state({ identity, state }: EngineFound): string | null {
    const { state: kept, identity: known } = this.#image;
    const isKnown = [known, this.#former].some((one) => one !== null && sameIdentity(one, identity));
    if (known !== null && !isKnown) return `it is ${identityText(identity)}`;
    const asked = [...this.#pending].flatMap((write) => (write.type === 'state' ? [write.state] : []));
    if ([kept, ...asked].some((one) => isSameState(one, state))) return null;
    return `its words are of ${stateText(state)}, answered for were ${stateText(kept)}`;
  }

  #log({ base, entries, start, floor, damaged }: RecoveredLog, mayBeDamaged: boolean): string | null {
    const above = base?.index ?? 0;
    const { log, floor: keptFloor } = this.#image;
    if (damaged.length > 0 && mayBeDamaged) return null;
    if (damaged.length > 0) return `entries ${damaged[0]?.from}..${damaged[0]?.to} are damaged`;
    const begunAnew = this.#bases().some((asked) => asked.index === above && above > log.last);
    const upto = begunAnew ? 0 : Math.min(log.last, ...this.#cuts());
    for (let index = Math.max(log.first, above + 1); index <= upto; index++) {
      const mine = entries[index - above - 1];
      const kept = log.at(index);
      if (kept === undefined) continue;
      if (mine === undefined) return `the log ends at ${above + entries.length}, answered for was ${upto}`;
      if (!sameChain(mine.chain, kept.chain)) return `entry ${index} is another one`;
    }
    for (const entry of entries.slice(Math.max(0, upto - above))) {
      if (!this.#isKnown(entry)) return `entry ${entry.index} was never asked for`;
    }
    if (above + entries.length < Math.min(log.last, upto)) return `the log ends at ${above + entries.length}`;
    if (start > Math.max(log.first, above + 1))
      return `the log begins at ${start}, it should at ${log.first}`;
    if (floor < Math.min(keptFloor, upto)) return `its floor is ${floor}, answered for was ${keptFloor}`;
    return null;
  }

  #outbox(rests: readonly OutboxRest[]): string | null {
    for (const { identity, firstN, lastN } of this.#image.batches) {
      const rest = rests.find((one) => sameIdentity(one.identity, identity));
      if (rest === undefined || rest.firstN > firstN || rest.lastN < lastN) {
        const has = rest === undefined ? 'nothing' : `${rest.firstN}..${rest.lastN}`;
        return `of records ${firstN}..${lastN} it has ${has}`;
      }
    }
    return null;
  }

  #moreState(state: OrderState | null): readonly OrderWrite[] {
    return state === null || isSameState(state, this.#image.state) ? [] : [{ type: 'state', state }];
  }

  #moreLog({ entries, floor }: RecoveredLog): readonly OrderWrite[] {
    const { log } = this.#image;
    const more = entries.filter((entry) => {
      const kept = log.at(entry.index);
      return kept === undefined ? entry.index > log.last : !sameChain(kept.chain, entry.chain);
    });
    return more.length === 0 ? [] : [{ type: 'append', entries: more, version: 0, floor }];
  }

  #moreBatches(rests: readonly OutboxRest[]): readonly OrderWrite[] {
    const isFound = ({ identity, lastN }: { identity: Identity; lastN: number }): boolean =>
      rests.some((rest) => sameIdentity(rest.identity, identity) && rest.lastN >= lastN);
    return [...this.#pending].filter((write) => write.type === 'batch' && isFound(write.batch));
  }

  #adoptLog({ base, earlier, entries, start, floor, damaged }: RecoveredLog): void {
    const image = this.#image;
    const above = base?.index ?? 0;
    const known = entries.map((entry) => this.#asAsked(entry));
    const { log } = image;
    if (above > log.last) log.restart(above);
    else log.cut(Math.max(above, log.first - 1));
    for (const entry of known) if (entry.index === log.last + 1) log.append(entry);
    log.trim(Math.min(start - 1, log.last));
    image.bases = base === null ? [] : [...(earlier ?? []), base];
    image.floor = floor;
    const rotten = damaged.find(({ to }) => to > above);
    image.rot = rotten === undefined ? null : { from: Math.max(rotten.from, above + 1), to: rotten.to };
  }

  /** The very entry, where it is known: most are compared by what they are. */
  #asAsked(entry: Entry): Entry {
    const kept = this.#image.log.at(entry.index);
    if (kept !== undefined && sameChain(kept.chain, entry.chain)) return kept;
    return this.#asked(entry) ?? entry;
  }

  #isKnown(entry: Entry): boolean {
    const kept = this.#image.log.at(entry.index);
    return (kept !== undefined && sameChain(kept.chain, entry.chain)) || this.#asked(entry) !== undefined;
  }

  #asked({ index, chain }: Entry): Entry | undefined {
    for (const write of this.#pending) {
      if (write.type !== 'append') continue;
      const asked = write.entries[index - (write.entries[0]?.index ?? 0)];
      if (asked !== undefined && sameChain(asked.chain, chain)) return asked;
    }
    return undefined;
  }

  #cuts(): readonly number[] {
    return [...this.#pending].flatMap((write) => (write.type === 'cut' ? [write.after] : []));
  }

  #bases(): readonly { readonly index: number }[] {
    return [...this.#pending].flatMap((write) => (write.type === 'base' ? [write.base] : []));
  }
}

function isSameState(a: OrderState | null, b: OrderState | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    sameBallot(a.promised, b.promised) &&
    a.group === b.group &&
    a.floor === b.floor &&
    a.damaged === b.damaged
  );
}

function stateText(state: OrderState | null): string {
  return state === null
    ? 'nothing'
    : `round ${state.promised.round} of ${state.promised.peer}, floor ${state.floor}`;
}
