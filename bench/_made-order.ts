// A committed order made beforehand: batches of one origin, encoded as they stand in a log, read as from one.

import type { LogExtent, LogPlace, LogSource } from '../src/hub/log-source.ts';
import { NO_BALLOT } from '../src/model/ballot.ts';
import type { Entry } from '../src/model/entry.ts';
import type { PeerId, SensorId } from '../src/model/ids.ts';
import type { ReadingRecord } from '../src/model/reading.ts';
import { encodeBatch } from '../src/wire/durable.ts';

const GROUP = '00000000000000b1';
const BATCH = 1_000;
const BEGIN_MS = 1_770_000_000_000;
const PRODUCER = { origin: 'ann' as PeerId, identity: { birth: 1, random: '00000000000000aa' } };

export interface Made {
  readonly fromMs: number;
  readonly toMs: number;
  sensor(at: number): SensorId;
}

export class MadeOrder implements LogSource {
  readonly #entries: Entry[] = [];
  #n = 0;

  /** So many readings, one after the other of each of the sensors; `everyMs` lies between two of them. */
  add(count: number, sensors: number, everyMs: number): Made {
    const set = this.#entries.length;
    const names = Array.from({ length: sensors }, (_, at) => `set${set}/sensor-${at}` as SensorId);
    for (let from = 0; from < count; from += BATCH) {
      const records: ReadingRecord[] = [];
      for (let at = from; at < Math.min(count, from + BATCH); at++) {
        const tsMs = Math.floor(BEGIN_MS + at * everyMs);
        const value = Math.round(2_000 + 500 * Math.sin(at / 5_000) + 50 * Math.random()) / 100;
        const sensor = names[at % sensors] as SensorId;
        const times = { tsMs, ingestTsMs: tsMs + 3, lwwTsMs: tsMs };
        records.push({ kind: 'reading', n: ++this.#n, sensor, value, ...times });
      }
      this.#append(records);
    }
    return {
      fromMs: BEGIN_MS,
      toMs: Math.ceil(BEGIN_MS + count * everyMs),
      sensor: (at) => names[at % sensors] as SensorId,
    };
  }

  extent(): LogExtent {
    return {
      group: GROUP,
      firstIndex: 1,
      first: 1,
      index: this.#entries.length,
      watermark: this.#n,
    };
  }

  async read(from: LogPlace, bytesMax: number): Promise<readonly Entry[]> {
    const first = 'index' in from ? from.index - 1 : Math.floor((from.sequence - 1) / BATCH);
    let [at, bytes] = [first, 0];
    while (at < this.#entries.length && (at === first || bytes < bytesMax)) {
      bytes += this.#entries[at++]?.bytes.length ?? 0;
    }
    return this.#entries.slice(first, at);
  }

  #append(records: readonly ReadingRecord[]): void {
    const firstN = records[0]?.n ?? 0;
    const payload = encodeBatch({ identity: PRODUCER.identity, records });
    const index = this.#entries.length + 1;
    this.#entries.push({
      ballot: NO_BALLOT,
      index,
      firstSequence: firstN,
      count: records.length,
      body: { kind: 'data', producer: PRODUCER, firstN, lastN: firstN + records.length - 1, payload },
      chain: { a: index, b: 0 },
      bytes: payload,
    });
  }
}
