// Brings the readings of an exported file into a site. What the site has already, by sensor, time and value, is left out,
// so a file that is imported again, or whose import was broken off, adds nothing twice. SPEC rule SK21.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { LIMITS } from '../../model/limits.ts';
import type { Reading, Value } from '../../model/reading.ts';
import type { ApiClient } from '../api-client.ts';
import { askApi } from '../ask-api.ts';
import { EXIT, Failure } from '../failure.ts';
import { CSV_HEADING, readingIn } from './export-row.ts';

export interface Imported {
  readonly readings: number;
  readonly added: number;
  readonly present: number;
}

export type ImportProgress = (step: 'read' | 'compare' | 'write', done: number, of: number) => void;

const BATCH = 500;
const ANSWER_MS = 60_000;
const OUTBOX_LOOKS = 600;
const OUTBOX_PAUSE_MS = 100;

export class Importer {
  readonly #client: ApiClient;
  readonly #ingestUrl: string;
  readonly #path: string;

  constructor(client: ApiClient, ingestUrl: string, path: string) {
    this.#client = client;
    this.#ingestUrl = ingestUrl;
    this.#path = path;
  }

  async run(progress: ImportProgress): Promise<Imported> {
    const missing = await this.#wanted(progress);
    let readings = 0;
    for (const count of missing.values()) readings += count;
    await this.#drained();
    await this.#leaveOutPresent(missing, progress);
    let added = 0;
    for (const count of missing.values()) added += count;
    await this.#write(missing, added, progress);
    return { readings, added, present: readings - added };
  }

  /** How often each reading is in the file, by what it says; all of it makes sense, or nothing is written. */
  async #wanted(progress: ImportProgress): Promise<Map<string, number>> {
    const { size } = await stat(this.#path).catch((cause: unknown) => {
      throw new Failure(`${this.#path} cannot be read`, EXIT.usage, { cause });
    });
    const wanted = new Map<string, number>();
    let bytes = 0;
    let count = 0;
    for await (const { reading, line } of this.#readings()) {
      if (++count > LIMITS.importReadingsMax) {
        throw new Failure(
          `a file has at most ${LIMITS.importReadingsMax} readings: cut it in parts`,
          EXIT.usage,
        );
      }
      const key = keyOf(reading.sensor, reading.tsMs ?? 0, reading.value);
      wanted.set(key, (wanted.get(key) ?? 0) + 1);
      bytes += Buffer.byteLength(line) + 1;
      progress('read', bytes, size);
    }
    return wanted;
  }

  /** What is stored and has no place yet would not be seen. */
  async #drained(): Promise<void> {
    for (let look = 0; look < OUTBOX_LOOKS; look++) {
      const { outbox, quorum } = await this.#client.view();
      if (outbox === 0 && quorum) return;
      await new Promise((resume) => setTimeout(resume, OUTBOX_PAUSE_MS));
    }
    throw new Failure('the node holds readings that have no place in the order: import once it has a quorum');
  }

  async #leaveOutPresent(missing: Map<string, number>, progress: ImportProgress): Promise<void> {
    let next = 1;
    for (;;) {
      const page = await this.#client.log(next, LIMITS.logPageReadingsMax);
      if (page.readings.length === 0) return;
      for (const { sensor, ts_ms, value } of page.readings) {
        const key = keyOf(sensor, ts_ms, value);
        const count = missing.get(key);
        if (count !== undefined) missing.set(key, Math.max(0, count - 1));
      }
      next = page.next;
      progress('compare', next - 1, page.watermark);
    }
  }

  async #write(missing: Map<string, number>, of: number, progress: ImportProgress): Promise<void> {
    let done = 0;
    let batch: Reading[] = [];
    const flush = async (): Promise<void> => {
      if (batch.length === 0) return;
      await this.#post(batch);
      done += batch.length;
      batch = [];
      progress('write', done, of);
    };
    for await (const { reading } of this.#readings()) {
      const key = keyOf(reading.sensor, reading.tsMs ?? 0, reading.value);
      const count = missing.get(key) ?? 0;
      if (count === 0) continue;
      missing.set(key, count - 1);
      batch.push(reading);
      if (batch.length >= BATCH) await flush();
    }
    await flush();
  }

  /** Committed when it is answered, so that whoever begins again sees it. */
  async #post(batch: readonly Reading[]): Promise<void> {
    const items = batch.map(({ sensor, value, tsMs, unit }) => ({ sensor, value, ts: tsMs, unit }));
    const { SENSORIUM_TOKEN: token } = process.env;
    const response = await askApi(`${this.#ingestUrl}/ingest?ack=committed`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(items),
      signal: AbortSignal.timeout(ANSWER_MS),
    }).catch((cause: unknown) => {
      if (cause instanceof Failure) throw cause;
      throw new Failure(
        `no input answers at ${this.#ingestUrl}; what is not there comes when you import again`,
        1,
        {
          cause,
        },
      );
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Failure(
        `${this.#ingestUrl} answered ${response.status}: ${text.slice(0, 300)}; import again`,
      );
    }
  }

  async *#readings(): AsyncIterable<{ readonly reading: Reading; readonly line: string }> {
    const lines = createInterface({
      input: createReadStream(this.#path),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    let format: 'json' | 'csv' | null = null;
    let number = 0;
    for await (const line of lines) {
      number++;
      if (number === 1) {
        format = formatOf(line);
        if (format === 'csv') continue;
      }
      if (line === '') continue;
      const reading = readingIn(line, format ?? 'json');
      if (!reading.ok) throw new Failure(`${this.#path}, line ${number}: ${reading.problem}`, EXIT.usage);
      yield { reading: reading.value, line };
    }
  }
}

function formatOf(firstLine: string): 'json' | 'csv' {
  if (firstLine.startsWith('{')) return 'json';
  if (firstLine === CSV_HEADING) return 'csv';
  throw new Failure(
    `the file is neither JSON lines nor CSV with the columns ${CSV_HEADING}, as export writes them`,
    EXIT.usage,
  );
}

/** The fields of a record are in no order. */
function keyOf(sensor: string, tsMs: number, value: Value): string {
  const said = typeof value === 'object' ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value;
  const text = JSON.stringify([sensor, tsMs, said]);
  return createHash('sha256').update(text).digest('base64').slice(0, 22);
}
