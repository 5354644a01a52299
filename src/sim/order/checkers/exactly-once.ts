// In the committed order the records of each producer are 1, 2, 3 … without a repeat, and a gap only where a
// committed entry says so and the records are indeed nowhere any more. SPEC rule SM55.

import type { Entry } from '../../../model/entry.ts';
import { type Identity, identityText } from '../../../model/ids.ts';
import { decodeBatch } from '../../../wire/durable.ts';
import { payloadOf, STAND_IN_BYTES, streamText } from '../image.ts';
import type { Truth } from '../truth.ts';
import type { OrderPlace } from '../watcher.ts';
import { type Complain, OrderChecker } from './checker.ts';

export interface Ordered {
  readonly lastN: number;
  readonly retired: boolean;
}

export class ExactlyOnce extends OrderChecker {
  readonly rule = 'each record once and in order';
  readonly #truth: Truth;
  readonly #seen = new Map<string, number>();
  /** By group, then by producer. */
  readonly #tables = new Map<string, Map<string, Ordered>>();

  constructor(complain: Complain, truth: Truth) {
    super(complain);
    this.#truth = truth;
  }

  override committed(at: OrderPlace): void {
    const group = at.group ?? '';
    const truth = this.#truth.of(at.group);
    const seen = this.#seen.get(group) ?? 0;
    if (truth.last === seen) return;
    for (let index = seen + 1; index <= truth.last; index++) {
      const entry = truth.at(index)?.entry;
      if (entry !== undefined) this.#take(at, entry);
    }
    this.#seen.set(group, truth.last);
  }

  /** How far the committed order has a producer. */
  ordered(group: string | null, origin: string, identity: Identity): Ordered | undefined {
    return this.#tables.get(group ?? '')?.get(`${origin}/${identityText(identity)}`);
  }

  #take(at: OrderPlace, { index, body, count }: Entry): void {
    if (body.kind !== 'data' && body.kind !== 'gap' && body.kind !== 'retire') {
      if (count !== 0) this.complain(at, `entry ${index} is a ${body.kind} and counts ${count} readings`);
      return;
    }
    const table = this.#table(at.group ?? '');
    const name = streamText(body.producer);
    const row = table.get(name) ?? { lastN: 0, retired: false };
    if (row.retired) this.complain(at, `entry ${index} is of ${name}, which has retired`);
    if (body.kind === 'retire') {
      table.set(name, { ...row, retired: true });
      return;
    }
    if (body.firstN !== row.lastN + 1 || body.lastN < body.firstN) {
      this.complain(
        at,
        `entry ${index} has ${body.firstN}..${body.lastN} of ${name}, due is ${row.lastN + 1}`,
      );
    }
    if (body.kind === 'data' && !areIn(body.payload, body.firstN, body.lastN))
      this.complain(at, `entry ${index} is not ${body.firstN}..${body.lastN} of ${name} as they were stored`);
    table.set(name, { ...row, lastN: body.lastN });
  }

  #table(group: string): Map<string, Ordered> {
    let table = this.#tables.get(group);
    if (table === undefined) {
      table = new Map();
      this.#tables.set(group, table);
    }
    return table;
  }
}

/** Whether these very records are in the payload: what stands for them, or the batch that an engine has encoded. */
function areIn(payload: Uint8Array, firstN: number, lastN: number): boolean {
  if (payload.length === STAND_IN_BYTES) return sameBytes(payload, payloadOf(firstN, lastN));
  const batch = decodeBatch(payload);
  if (!batch.ok) return false;
  const { records } = batch.value;
  return records.length === lastN - firstN + 1 && records.every(({ n }, at) => n === firstN + at);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, at) => byte === b[at]);
}
