// A crowd of real node processes on this machine, started one after the other, and watched by their own live
// streams, logs and counters.

import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../src/host/network/free-ports.ts';
import { type CrowdPlan, knobsOf, Showings } from './_crowd-plan.ts';
import { startNode } from './_nodes.ts';
import { type BenchProcess, pause } from './_process.ts';
import { Watch } from './_watch.ts';

/** The first few are told to everybody: the way in. */
const SEEDS = 3;
const START_EVERY_MS = 250;
const JOIN_MS = 60_000;
const SAID = /^(\S+) (joined|is alive|is suspected|is dead|is left)$/;

/** What a node said of another, and when this process read it. */
export interface Said {
  readonly atMs: number;
  readonly by: string;
  readonly of: string;
  readonly what: string;
}

interface Member {
  readonly id: string;
  readonly port: number;
  readonly apiPort: number;
  readonly ingestPort: number;
  process: BenchProcess;
  watch: Watch | null;
}

export class Crowd {
  readonly members: Member[] = [];
  /** Everything said of members since it was emptied. */
  said: Said[] = [];
  readonly #plan: CrowdPlan;
  readonly #sensors: number;
  readonly #directory = mkdtempSync(join(tmpdir(), 'sensorium-bench-'));
  readonly #views = new Map<string, Map<string, string>>();
  #heard: (() => void) | null = null;

  private constructor(plan: CrowdPlan, sensors: number) {
    this.#plan = plan;
    this.#sensors = sensors;
  }

  /** Resolves when all take all for alive and this process watches the sensors of each that begin with `probe/`. */
  static async start(plan: CrowdPlan, sensors: number): Promise<Crowd> {
    const crowd = new Crowd(plan, sensors);
    const ports = await freePorts(3 * plan.nodes);
    for (let at = 0; at < plan.nodes; at++) {
      const [port = 0, apiPort = 0, ingestPort = 0] = ports.slice(3 * at);
      const place = { id: `node-${String(at).padStart(4, '0')}`, port, apiPort, ingestPort };
      const { process, readyAtMs } = crowd.#spawn(place);
      crowd.members.push({ ...place, process, watch: null });
      await readyAtMs;
      await pause(START_EVERY_MS);
    }
    await crowd.until('all know all', () => crowd.allAlive(), JOIN_MS);
    for (const member of crowd.members) await crowd.watch(member);
    return crowd;
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.members.map(({ watch, process }) => {
        watch?.close();
        return process.end();
      }),
    );
    rmSync(this.#directory, { recursive: true, force: true });
  }

  allAlive(): boolean {
    return this.members.every(({ id }) => {
      const view = this.#views.get(id);
      return this.members.every((other) => other.id === id || isAlive(view?.get(other.id)));
    });
  }

  /** Whether every other member says so of it. */
  allSay(of: Member, what: string): boolean {
    return this.members.every((by) => by === of || this.#views.get(by.id)?.get(of.id) === what);
  }

  async until(what: string, holds: () => boolean, withinMs: number): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#heard = null;
        reject(new Error(`not within ${withinMs} ms: ${what}`));
      }, withinMs);
      this.#heard = () => {
        if (!holds()) return;
        clearTimeout(timer);
        this.#heard = null;
        resolve();
      };
    });
  }

  /** A process of the same node, with the same disk, at the same ports. */
  async restart(member: Member): Promise<void> {
    this.#views.delete(member.id);
    const { process, readyAtMs } = this.#spawn(member);
    member.process = process;
    await readyAtMs;
  }

  async watch(member: Member): Promise<void> {
    member.watch = await Watch.open(member.apiPort, 'probe/#');
  }

  async write(member: Member, sensor: string, value: number): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${member.ingestPort}/ingest`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sensor, value, ts: Date.now() }),
    });
    if (!response.ok) throw new Error(`${member.id} answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  }

  /** What the watches saw; a sensor's name ends with its origin's. */
  showings(): Showings {
    const showings = new Showings();
    for (const { id, watch } of this.members) {
      for (const { sensor, tsMs, atMs } of watch?.shown ?? []) {
        showings.shown(`${sensor} ${tsMs}`, sensor.includes(id), atMs);
      }
    }
    return showings;
  }

  forgetShown(): void {
    for (const { watch } of this.members) watch?.shown.splice(0);
  }

  /** What each node has counted as sent to others, and when; without the order, which the simulated crowd does not have. */
  async sentBytes(): Promise<readonly { readonly atMs: number; readonly bytes: number }[]> {
    const counts = [];
    for (const { apiPort } of this.members) {
      const answer = await ask(apiPort, '/api/introspection/metrics');
      counts.push({
        atMs: performance.now(),
        bytes: countIn(answer, 'peer_bytes_sent_total') - countIn(answer, 'peer_order_bytes_queued_total'),
      });
    }
    return counts;
  }

  /** Of all pairs of which one has probed the other: how long a probe and its answer took, ms. */
  async roundTripsMs(): Promise<number[]> {
    const all: number[] = [];
    for (const { apiPort } of this.members) {
      const rows: unknown = JSON.parse(await ask(apiPort, '/api/v1/members'));
      if (!Array.isArray(rows)) throw new Error('members are a list');
      for (const row of rows) {
        if (!row.self && typeof row.round_trip_ms === 'number') all.push(row.round_trip_ms);
      }
    }
    return all;
  }

  #spawn(place: Omit<Member, 'process' | 'watch'>): ReturnType<typeof startNode> {
    const settings: { [name: string]: string } = {
      SITE: 'sim',
      DATA_DIR: this.#directory,
      PORT: String(place.port),
      WEB_API_PORT: String(place.apiPort),
      INGEST_PORT: String(place.ingestPort),
      DISCOVERY: 'off',
      BOOTSTRAP_PEERS: this.members
        .slice(0, SEEDS)
        .filter(({ id }) => id !== place.id)
        .map(({ port }) => `127.0.0.1:${port}`)
        .join(','),
      ...knobsOf(this.#plan),
      SENSORS: String(this.#sensors),
    };
    for (let sensor = 0; sensor < this.#sensors; sensor++) {
      // One of each node is watched.
      settings[`SENSOR_${sensor}_NAME`] = `${sensor === 0 ? 'probe' : 'hall'}/${place.id}`;
      settings[`SENSOR_${sensor}_TYPE`] = 'numeric';
      settings[`SENSOR_${sensor}_MIN`] = '10';
      settings[`SENSOR_${sensor}_MAX`] = '35';
      settings[`SENSOR_${sensor}_PERIOD_MS`] = String(this.#plan.sensorPeriodMs);
    }
    return startNode({ NODE_ID: place.id, ...settings }, [], (message, atMs) => {
      const [, of = '', what = ''] = SAID.exec(message) ?? [];
      if (what === '') return;
      const view = this.#views.get(place.id) ?? new Map<string, string>();
      this.#views.set(place.id, view);
      view.set(of, what);
      this.said.push({ atMs, by: place.id, of, what });
      this.#heard?.();
    });
  }
}

function isAlive(what: string | undefined): boolean {
  return what === 'joined' || what === 'is alive';
}

function ask(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

function countIn(answer: string, counter: string): number {
  const count = Number(new RegExp(`"${counter}":(\\d+)`).exec(answer)?.[1]);
  if (!Number.isFinite(count)) throw new Error(`no counter ${counter} in ${answer.slice(0, 200)}`);
  return count;
}
