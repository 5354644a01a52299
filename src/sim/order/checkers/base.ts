// A base is what the committed order says up to its index, and what is trimmed has been committed as trimmed: a
// peer that begins from a base knows what one knows that read it all. SPEC rule SM60.

import { sameBallot } from '../../../model/ballot.ts';
import type { Base, Entry } from '../../../model/entry.ts';
import type { GroupView } from '../../../model/group-view.ts';
import { LIMITS } from '../../../model/limits.ts';
import { type OrderWrite, streamText } from '../image.ts';
import type { GroupTruth, Truth } from '../truth.ts';
import type { OrderPlace } from '../watcher.ts';
import { type Complain, OrderChecker } from './checker.ts';
import { sameChain } from './log-matching.ts';

interface Replay {
  index: number;
  nextSequence: number;
  view: GroupView | null;
  viewId: number;
  trimmed: number;
  readonly absorbed: string[];
  readonly producers: Map<string, { lastN: number; lastIndex: number; retired: boolean }>;
}

export class BaseIsReplay extends OrderChecker {
  readonly rule = 'a base equals the replay of what it covers';
  readonly #truth: Truth;
  /** The replay of each group as far as the last base needed it. */
  readonly #replays = new Map<string, Replay>();

  constructor(complain: Complain, truth: Truth) {
    super(complain);
    this.#truth = truth;
  }

  override asked(at: OrderPlace, write: OrderWrite): void {
    if (write.type === 'base') this.#base(at, write.base);
    if (write.type === 'trim') this.#trim(at, write.upto);
  }

  #base(at: OrderPlace, base: Base): void {
    const truth = this.#truth.of(base.group);
    const last = truth.at(base.index)?.entry;
    if (base.index > truth.last) {
      this.complain(at, `saves a base at ${base.index}, committed are ${truth.last}`);
      return;
    }
    if (last === undefined) return;
    const replay = this.#replay(base.group, truth, base.index);
    const wrong: string[] = [];
    if (!sameChain(base.chain, last.chain) || !sameBallot(base.ballot, last.ballot)) wrong.push('its entry');
    if (base.nextSequence !== replay.nextSequence) {
      wrong.push(`its next sequence ${base.nextSequence} for ${replay.nextSequence}`);
    }
    if (replay.view !== null && replay.viewId !== base.viewId)
      wrong.push(`its view ${base.viewId} for ${replay.viewId}`);
    const producer = differentProducer(base, replay);
    if (producer !== null) wrong.push(producer);
    if (base.absorbed.join() !== replay.absorbed.join()) wrong.push('the groups that went into this one');
    if (wrong.length > 0) this.complain(at, `saves a base at ${base.index} with ${wrong.join(', ')} wrong`);
  }

  #trim(at: OrderPlace, upto: number): void {
    if (at.group === null) return;
    const truth = this.#truth.of(at.group);
    const { trimmed } = this.#replay(at.group, truth, Math.min(truth.last, at.commitIndex));
    const known = Math.max(trimmed, trimmedBy(at, truth.last));
    if (upto > known) this.complain(at, `trims up to ${upto}, committed as trimmed is ${known}`);
    if (at.base === null || at.base.index < upto) {
      this.complain(at, `trims up to ${upto} with a base at ${at.base?.index ?? 0}`);
    }
  }

  #replay(group: string, truth: GroupTruth, upto: number): Replay {
    let replay = this.#replays.get(group);
    if (replay === undefined || replay.index > upto) {
      replay = {
        index: 0,
        nextSequence: 1,
        view: null,
        viewId: 0,
        trimmed: 0,
        absorbed: [],
        producers: new Map(),
      };
      this.#replays.set(group, replay);
    }
    while (replay.index < upto) {
      const entry = truth.at(replay.index + 1)?.entry;
      if (entry === undefined) break;
      take(replay, entry);
    }
    return replay;
  }
}

/** By what the peer commits in the step under way, which the onlooker has not seen yet. */
function trimmedBy({ asked, commitIndex }: OrderPlace, after: number): number {
  let trimmed = 0;
  for (let index = after + 1; index <= commitIndex; index++) {
    const body = asked.at(index)?.body;
    if (body?.kind === 'trim') trimmed = Math.max(trimmed, body.upto);
  }
  return trimmed;
}

function take(replay: Replay, { index, count, body }: Entry): void {
  replay.index = index;
  replay.nextSequence += count;
  switch (body.kind) {
    case 'data':
    case 'gap':
      replay.producers.set(streamText(body.producer), {
        lastN: body.lastN,
        lastIndex: index,
        retired: false,
      });
      break;
    case 'retire': {
      const row = replay.producers.get(streamText(body.producer));
      replay.producers.set(streamText(body.producer), {
        lastN: row?.lastN ?? 0,
        lastIndex: index,
        retired: true,
      });
      break;
    }
    case 'view':
      replay.view = body.view;
      replay.viewId = index;
      break;
    case 'absorbed':
      if (!replay.absorbed.includes(body.group)) replay.absorbed.push(body.group);
      if (replay.absorbed.length > LIMITS.absorbedGroupsMax) replay.absorbed.shift();
      break;
    case 'trim':
      replay.trimmed = Math.max(replay.trimmed, body.upto);
      break;
    default:
  }
}

function differentProducer(base: Base, replay: Replay): string | null {
  if (base.producers.length !== replay.producers.size) {
    return `${base.producers.length} producers for ${replay.producers.size}`;
  }
  for (const row of base.producers) {
    const known = replay.producers.get(streamText(row));
    if (known === undefined || known.lastN !== row.lastN || known.retired !== row.retired) {
      return `${streamText(row)} at ${row.lastN} for ${known?.lastN ?? 'nothing'}`;
    }
  }
  return null;
}
