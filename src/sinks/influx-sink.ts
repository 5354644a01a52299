// InfluxDB 1, and 2 and later by their write path, in line protocol. A point that is written again is the same point, so a
// batch whose answer was lost does no harm; the place is a point of its own. A server that cannot be asked for it is gone
// on with from a file of this node. SPEC rules SK2, SK12.

import { influxAnswer } from './influx-answer.ts';
import { lineOf, quotedText } from './influx-lines.ts';
import { PlaceFile } from './place-file.ts';
import type { Sink, SinkBatch, SinkPlace, Written } from './sink.ts';
import type { InfluxOptions } from './sink-options.ts';

const CURSOR = 'sensorium_cursor';
/** Points of the place stand at whole hours, so that few are kept. */
const HOUR_MS = 3_600_000;
const WHY_MAX = 300;

export class InfluxSink implements Sink {
  readonly #name: string;
  readonly #options: InfluxOptions;
  readonly #file: PlaceFile;
  readonly #ended = new AbortController();

  /** `placePath`: the place, for servers that do not tell it. */
  constructor(name: string, options: InfluxOptions, placePath: string) {
    this.#name = name;
    this.#options = options;
    this.#file = new PlaceFile(placePath);
  }

  connect(): Promise<SinkPlace | null> {
    return this.place();
  }

  async place(): Promise<SinkPlace | null> {
    const { url, database, bucket } = this.#options;
    const asked = new URL('/query', url);
    asked.searchParams.set('db', database || bucket);
    const sink = this.#name.replaceAll("'", "\\'");
    asked.searchParams.set(
      'q',
      `SELECT "group", "sequence" FROM "${CURSOR}" WHERE "sink" = '${sink}' ORDER BY time DESC LIMIT 1`,
    );
    const response = await fetch(asked, { headers: this.#headers(), signal: this.#ended.signal });
    if (response.status >= 500) throw new Error(await whyOf(response));
    const told = response.ok ? influxAnswer(await response.json()) : null;
    return told === 'unknown' || told === null ? this.#file.load() : told.place;
  }

  /** A point that comes again under another place is the same point. */
  async written(): Promise<Written> {
    return new Map();
  }

  async write({ group, readings, upto }: SinkBatch): Promise<void> {
    const lines = readings.flatMap((reading) => lineOf(this.#options.measurement, reading) ?? []);
    if (lines.length > 0) await this.#post(lines.join('\n'));
    await this.#keep({ group, sequence: upto });
  }

  rewind(to: SinkPlace): Promise<void> {
    return this.#keep(to);
  }

  async close(): Promise<void> {
    this.#ended.abort();
  }

  async #keep(place: SinkPlace): Promise<void> {
    const { group, sequence } = place;
    const atNs = BigInt(Math.floor(Date.now() / HOUR_MS) * HOUR_MS) * 1_000_000n;
    await this.#post(`${CURSOR},sink=${this.#name} group=${quotedText(group)},sequence=${sequence}i ${atNs}`);
    await this.#file.save(place);
  }

  async #post(body: string): Promise<void> {
    const { url, database, org, bucket } = this.#options;
    const target = new URL(bucket === '' ? '/write' : '/api/v2/write', url);
    if (bucket === '') target.searchParams.set('db', database);
    else {
      target.searchParams.set('bucket', bucket);
      target.searchParams.set('org', org);
    }
    target.searchParams.set('precision', 'ns');
    const response = await fetch(target, {
      method: 'POST',
      headers: { ...this.#headers(), 'content-type': 'text/plain; charset=utf-8' },
      body,
      signal: this.#ended.signal,
    });
    if (!response.ok) throw new Error(await whyOf(response));
    await response.arrayBuffer();
  }

  #headers(): { readonly [name: string]: string } {
    const { token, user, password } = this.#options;
    if (token !== '') return { authorization: `Token ${token}` };
    if (user === '') return {};
    return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
  }
}

async function whyOf(response: Response): Promise<string> {
  const text = await response.text();
  return `it answered ${response.status}: ${text.slice(0, WHY_MAX).trim()}`;
}
