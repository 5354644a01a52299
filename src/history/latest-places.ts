// Where the latest committed reading of each sensor has its place, learnt while its row is written, told in portions
// to whoever shows it, and kept in a file, so that a start need not read the whole log again. SPEC rule HI10.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Placed } from '../hub/places.ts';
import type { StreamName } from '../model/durable.ts';
import type { GroupId } from '../model/group-view.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';

interface Kept {
  readonly sensor: SensorId;
  producer: StreamName;
  n: number;
  sequence: number;
  isTold: boolean;
}

interface File {
  readonly group: GroupId;
  readonly index: number;
  readonly places: readonly (readonly [SensorId, PeerId, number, string, number, number])[];
}

const NAME = 'csv.places';

export class LatestPlaces {
  readonly #byOrigin = new Map<PeerId, Map<SensorId, Kept>>();
  #untold: Kept[] = [];
  #size = 0;
  /** Up to which entry it has learnt. */
  #index = 0;

  get index(): number {
    return this.#index;
  }

  /** Nothing where the file is of another order, or beyond `index`, or none. */
  load(directory: string, group: GroupId, index: number): void {
    const file = readFile(directory);
    if (file === null || file.group !== group || file.index > index) return;
    for (const [sensor, origin, birth, random, n, sequence] of file.places) {
      this.#learnt(sensor, { origin, identity: { birth, random } }, n, sequence);
    }
    this.#index = file.index;
  }

  /** Need not be durable: an older one, or none, costs no more than reading some of the log again. */
  save(directory: string, group: GroupId): void {
    const places = [...this.#byOrigin.values()].flatMap((ofOrigin) =>
      [...ofOrigin.values()].map(
        ({ sensor, producer: { origin, identity }, n, sequence }) =>
          [sensor, origin, identity.birth, identity.random, n, sequence] as const,
      ),
    );
    const file: File = { group, index: this.#index, places };
    const path = join(directory, NAME);
    writeFileSync(`${path}.tmp`, JSON.stringify(file), { mode: 0o600 });
    renameSync(`${path}.tmp`, path);
  }

  clear(): void {
    this.#byOrigin.clear();
    this.#untold = [];
    this.#size = 0;
    this.#index = 0;
  }

  entered(index: number): void {
    this.#index = index;
  }

  learn(sensor: SensorId, producer: StreamName, n: number, sequence: number): void {
    const kept = this.#byOrigin.get(producer.origin)?.get(sensor);
    if (kept === undefined) {
      this.#learnt(sensor, producer, n, sequence);
      return;
    }
    kept.producer = producer;
    kept.n = n;
    kept.sequence = sequence;
    if (kept.isTold) {
      kept.isTold = false;
      this.#untold.push(kept);
    }
  }

  /** At most `max` of those that were not told yet. */
  takeUntold(max: number): Placed[] {
    const taken = this.#untold.slice(0, max);
    this.#untold = this.#untold.slice(taken.length);
    return taken.map((kept) => {
      kept.isTold = true;
      const { sensor, producer, n, sequence } = kept;
      return { sensor, origin: producer.origin, identity: producer.identity, n, sequence };
    });
  }

  get hasUntold(): boolean {
    return this.#untold.length > 0;
  }

  #learnt(sensor: SensorId, producer: StreamName, n: number, sequence: number): void {
    let ofOrigin = this.#byOrigin.get(producer.origin);
    if (ofOrigin === undefined) {
      ofOrigin = new Map();
      this.#byOrigin.set(producer.origin, ofOrigin);
    }
    if (this.#size >= LIMITS.placesMax) return;
    const kept = { sensor, producer, n, sequence, isTold: false };
    ofOrigin.set(sensor, kept);
    this.#size++;
    this.#untold.push(kept);
  }
}

function readFile(directory: string): File | null {
  try {
    return JSON.parse(readFileSync(join(directory, NAME), 'utf8')) as File;
  } catch {
    return null;
  }
}
