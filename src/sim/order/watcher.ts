// What checkers, story and counters see of a run of the order: requests, disks' answers, messages, facts, and
// after each step a few numbers of the machine that took it. Watchers only look. SPEC rule SM40.

import type { Ballot } from '../../model/ballot.ts';
import type { Base, RecoveredLog } from '../../model/entry.ts';
import type { Fact } from '../../model/fact.ts';
import type { GroupId } from '../../model/group-view.ts';
import type { Identity, PeerId } from '../../model/ids.ts';
import type { Message } from '../../wire/messages.ts';
import type { EntryLog } from './entry-log.ts';
import type { OrderImage, OrderWrite } from './image.ts';

/** Where a peer stands before it knows of a group. */
export const NO_GROUP = '';

/** The machine something happened at. */
export interface OrderPlace {
  readonly index: number;
  readonly peer: PeerId;
  readonly identity: Identity;
  /** How many processes have started here: 0 before the first. */
  readonly life: number;
  readonly up: boolean;
  /** What a power cut would leave. */
  readonly image: OrderImage;
  /** What the process has asked for: its own log, durable or not yet. */
  readonly asked: EntryLog;
  /** The last base it was started with or has asked to save. */
  readonly base: Base | null;
  readonly group: GroupId | null;
  /** The ballot it leads with; null while it does not. */
  readonly leads: Ballot | null;
  readonly commitIndex: number;
}

export abstract class OrderWatcher {
  started(_at: OrderPlace, _recovered: RecoveredLog): void {}
  stopped(_at: OrderPlace): void {}
  sent(_at: OrderPlace, _to: PeerId, _message: Message): void {}
  announced(_at: OrderPlace, _fact: Fact): void {}
  /** Before the write is applied to `asked`. */
  asked(_at: OrderPlace, _write: OrderWrite): void {}
  /** A write would survive a crash from here on. The process is told afterwards, or never. */
  durable(_at: OrderPlace, _write: OrderWrite): void {}
  /** The disk will hold something else than the process left; `at` still shows the old one. */
  diskReplaced(_at: OrderPlace): void {}
  /** It leads with this ballot from here on, or no longer leads. */
  leads(_at: OrderPlace, _ballot: Ballot | null): void {}
  /** It has learnt that its log is committed from `from` (without) up to `to`. */
  committed(_at: OrderPlace, _from: number, _to: number): void {}
  /** Bytes of the disk's log are about to rot; `at` still shows them. */
  rotting(_at: OrderPlace): void {}
  /** The disk's outbox is gone, with what it held. */
  outboxLost(_at: OrderPlace): void {}
  /** The host was told that own records of this identity are committed up to there. */
  acked(_at: OrderPlace, _identity: Identity, _upto: number): void {}
  /** Somebody wants to read all that is committed by now. */
  reads(_at: OrderPlace, _ticket: number): void {}
  /** The scenario does something to the world. */
  fault(_what: string): void {}
}

type Event = keyof OrderWatcher;
type Args<E extends Event> = Parameters<OrderWatcher[E]>;

/** Several as one; each sees every event in the order in which they were added. */
export class OrderWatchers extends OrderWatcher {
  readonly #all: OrderWatcher[] = [];

  add<W extends OrderWatcher>(watcher: W): W {
    this.#all.push(watcher);
    return watcher;
  }

  override started(...args: Args<'started'>): void {
    for (const watcher of this.#all) watcher.started(...args);
  }

  override stopped(...args: Args<'stopped'>): void {
    for (const watcher of this.#all) watcher.stopped(...args);
  }

  override sent(at: OrderPlace, to: PeerId, message: Message): void {
    for (const watcher of this.#all) watcher.sent(at, to, message);
  }

  override announced(...args: Args<'announced'>): void {
    for (const watcher of this.#all) watcher.announced(...args);
  }

  override asked(at: OrderPlace, write: OrderWrite): void {
    for (const watcher of this.#all) watcher.asked(at, write);
  }

  override durable(at: OrderPlace, write: OrderWrite): void {
    for (const watcher of this.#all) watcher.durable(at, write);
  }

  override diskReplaced(...args: Args<'diskReplaced'>): void {
    for (const watcher of this.#all) watcher.diskReplaced(...args);
  }

  override leads(...args: Args<'leads'>): void {
    for (const watcher of this.#all) watcher.leads(...args);
  }

  override committed(...args: Args<'committed'>): void {
    for (const watcher of this.#all) watcher.committed(...args);
  }

  override rotting(...args: Args<'rotting'>): void {
    for (const watcher of this.#all) watcher.rotting(...args);
  }

  override outboxLost(...args: Args<'outboxLost'>): void {
    for (const watcher of this.#all) watcher.outboxLost(...args);
  }

  override acked(...args: Args<'acked'>): void {
    for (const watcher of this.#all) watcher.acked(...args);
  }

  override reads(...args: Args<'reads'>): void {
    for (const watcher of this.#all) watcher.reads(...args);
  }

  override fault(...args: Args<'fault'>): void {
    for (const watcher of this.#all) watcher.fault(...args);
  }
}
