// What is said of a sink in SINKS_CONFIG, whatever engine it hands over to, and beyond that by engine. SPEC rule SK1.

export interface CommonSinkOptions {
  readonly name: string;
  /** Sensors that are handed over, as filters with + and #. */
  readonly sensors: readonly string[];
  /** `one`: once per site. `every`: each node that has this sink has a target of its own. */
  readonly writer: 'one' | 'every';
  readonly batchMax: number;
  /** How long readings may wait for others to be handed over with. */
  readonly flushMs: number;
  /** How long the target may take for one batch. */
  readonly timeoutMs: number;
  /** Another node takes over when the target has lacked readings and not moved for this long. */
  readonly takeoverMs: number;
}

export interface PostgresOptions {
  readonly type: 'postgres';
  readonly url: string;
  /** With or without its schema. */
  readonly table: string;
}

export interface JetStreamOptions {
  readonly type: 'jetstream';
  readonly url: string;
  readonly stream: string;
  /** Readings are published under `<subject>.<sensor>`. */
  readonly subject: string;
}

export interface InfluxOptions {
  readonly type: 'influx';
  readonly url: string;
  /** InfluxDB 1: the database. Empty where there is a bucket. */
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** InfluxDB 2 and later. */
  readonly org: string;
  readonly bucket: string;
  readonly token: string;
  readonly measurement: string;
}

export interface MqttOptions {
  readonly type: 'mqtt';
  readonly url: string;
  /** Readings are published under `<topic>/<sensor>`. */
  readonly topic: string;
  readonly retain: boolean;
}

export interface ParquetOptions {
  readonly type: 'parquet';
  readonly path: string;
}

export type EngineOptions = PostgresOptions | JetStreamOptions | InfluxOptions | MqttOptions | ParquetOptions;
export type SinkOptions = CommonSinkOptions & { readonly engine: EngineOptions };

/** Where it writes to, as people may see it. */
export function targetOf(engine: EngineOptions): string {
  switch (engine.type) {
    case 'postgres':
      return `${withoutSecrets(engine.url)} ${engine.table}`;
    case 'jetstream':
      return `${withoutSecrets(engine.url)} ${engine.stream}`;
    case 'influx':
      return `${withoutSecrets(engine.url)} ${engine.bucket || engine.database}`;
    case 'mqtt':
      return `${withoutSecrets(engine.url)} ${engine.topic}`;
    case 'parquet':
      return engine.path;
  }
}

function withoutSecrets(text: string): string {
  if (!URL.canParse(text)) return '';
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
