// All sinks that this node is told of. They are opened without waiting for their targets: a node starts whatever is down.
// SPEC rules SK1, SK6, SK8.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hub } from '../hub/hub.ts';
import type { LogSource } from '../hub/log-source.ts';
import type { Log } from '../kit/log.ts';
import type { SinkView } from '../model/sink-view.ts';
import { InfluxSink } from './influx-sink.ts';
import { JetStreamSink } from './jetstream-sink.ts';
import { MqttSink } from './mqtt-sink.ts';
import { PostgresSink } from './postgres-sink.ts';
import type { Sink } from './sink.ts';
import { SinkFollower } from './sink-follower.ts';
import type { SinkOptions } from './sink-options.ts';
import { parseSinksConfig } from './sinks-config.ts';

export class SinksConfigError extends Error {
  override readonly name = 'SinksConfigError';
}

export interface SinksOptions {
  /** SINKS_CONFIG; null: this node has no sinks. */
  readonly path: string | null;
  /** Where the node keeps all of its own. */
  readonly directory: string;
  readonly source: LogSource;
}

export class Sinks {
  readonly #source: LogSource;
  readonly #followers: readonly SinkFollower[];
  readonly #unfollow: () => void;

  private constructor(source: LogSource, followers: readonly SinkFollower[], unfollow: () => void) {
    this.#source = source;
    this.#followers = followers;
    this.#unfollow = unfollow;
  }

  /** Throws `SinksConfigError` where the file cannot be read or says something that makes no sense. */
  static async start(hub: Hub, log: Log, { path, directory, source }: SinksOptions): Promise<Sinks> {
    if (path === null) return new Sinks(source, [], () => {});
    const sinks = parseSinksConfig(await contentOf(path));
    if (!sinks.ok) throw new SinksConfigError(linesOf(path, sinks.problem));
    const opened = await Promise.all(
      sinks.value.map(async (sink) => ({ sink, open: await openerOf(sink, directory, hub.self) })),
    );
    const leads = () => hub.order().leader === hub.self;
    const followers = opened.map(({ sink, open }) => new SinkFollower(log, { sink, source, leads, open }));
    const unfollow = hub.follow(({ fact }) => {
      if (fact.type === 'committed') for (const follower of followers) follower.committed();
    });
    return new Sinks(source, followers, unfollow);
  }

  views(): readonly SinkView[] {
    return this.#followers.map((follower) => follower.view());
  }

  /** Null: it will be done; else why not. */
  replay(name: string, from: number): string | null {
    const follower = this.#followers.find((one) => one.name === name);
    if (follower === undefined) {
      const names = this.#followers.map((one) => one.name).join(', ');
      return `no such sink here: ${JSON.stringify(name)}; ${names === '' ? 'there is none' : `there is ${names}`}`;
    }
    const { first, watermark } = this.#source.extent();
    if (from < first || from > watermark + 1) {
      return `readings from ${first} to ${watermark} are kept here, got ${from}`;
    }
    follower.replay(from);
    return null;
  }

  async stop(): Promise<void> {
    this.#unfollow();
    await Promise.all(this.#followers.map((follower) => follower.stop()));
  }
}

/** DuckDB is loaded where files are written, and else not. */
async function openerOf({ name, engine }: SinkOptions, directory: string, self: string): Promise<() => Sink> {
  switch (engine.type) {
    case 'postgres':
      return () => new PostgresSink(name, engine);
    case 'jetstream':
      return () => new JetStreamSink(engine);
    case 'influx':
      return () => new InfluxSink(name, engine, join(directory, 'sinks', name));
    case 'mqtt':
      return () => new MqttSink(name, engine);
    case 'parquet': {
      const { ParquetSink } = await import('./parquet-sink.ts');
      // One file can serve all nodes of a machine.
      const path = engine.path.replaceAll('{node}', self);
      return () => new ParquetSink({ ...engine, path });
    }
  }
}

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new SinksConfigError(linesOf(path, cause instanceof Error ? cause.message : String(cause)));
  }
}

function linesOf(path: string, problems: string): string {
  return problems
    .split('\n')
    .map((line) => `SINKS_CONFIG (${path}): ${line}`)
    .join('\n');
}
