// The sensors a node can have of its own: types, parameters and defaults, as plain data. What they do is in
// `ingest/sensors`. Each is described by SENSOR_<i>_TYPE and SENSOR_<i>_<PARAMETER>. SPEC rules CF8, CF9.

import type { SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { decimal, FINITE, type Kind, oneOf, text, unset, whole, words } from './kind.ts';
import { type Option, option, type Table, type ValuesOf } from './option.ts';

const PROBABILITY = decimal(0, 1);
const MAGNITUDE = decimal(0, 1e12);

export const SENSOR_TYPES = {
  numeric: {
    help: 'A number, uniform from MIN to MAX.',
    parameters: {
      min: parameter('MIN', FINITE, 0, 'Least value; below MAX.', true),
      max: parameter('MAX', FINITE, 1, 'Greatest value.', true),
    },
  },
  boolean: {
    help: 'True with a probability.',
    parameters: { pTrue: parameter('P_TRUE', PROBABILITY, 0.5, 'Probability of true.') },
  },
  categorical: {
    help: 'One of a few words, all equally likely.',
    parameters: { values: parameter('VALUES', words(1_000, 1_000), [], 'The words.', true) },
  },
  incremental: {
    help: 'A random walk in steps that are a share of the value.',
    parameters: {
      start: parameter('START', FINITE, 0, 'Value before the first step.'),
      stepPct: parameter('STEP_PCT', MAGNITUDE, 1, 'Greatest step, in percent of the value.'),
    },
  },
  trend: {
    help: 'A value that grows, with noise.',
    parameters: {
      start: parameter('START', FINITE, 0, 'Value before the first step.'),
      slope: parameter('SLOPE', FINITE, 0.1, 'Growth a step.'),
      noise: parameter('NOISE', MAGNITUDE, 0, 'Added to each step, uniform up to this, up or down.'),
    },
  },
  spike: {
    help: 'A constant that sometimes jumps.',
    parameters: {
      baseline: parameter('BASELINE', FINITE, 0, 'The constant.'),
      spikeHeight: parameter('SPIKE_HEIGHT', FINITE, 10, 'How high it jumps.'),
      pSpike: parameter('P_SPIKE', PROBABILITY, 0.2, 'Probability of a jump.'),
    },
  },
  wave: {
    help: 'A sine of the time of day.',
    parameters: {
      amplitude: parameter('AMPLITUDE', FINITE, 1, 'Height of the wave.'),
      frequencyHz: parameter('FREQUENCY', decimal(0, 1e6), 1, 'Waves a second.'),
    },
  },
  noise: {
    help: 'A constant with noise.',
    parameters: {
      base: parameter('BASE', FINITE, 0, 'The constant.'),
      noise: parameter('NOISE', MAGNITUDE, 1, 'Uniform up to this, up or down.'),
    },
  },
  finite_test: {
    help: 'A fixed number of seeded values from 0 to 100 at given times, the same at every start.',
    parameters: {
      seed: parameter('SEED', whole(0, Number.MAX_SAFE_INTEGER), 0, 'The same seed gives the same values.'),
      maxUpdates: parameter('MAX_UPDATES', whole(1, 1e9), 1, 'How many values; then it stops.', true),
      startTsMs: parameter('START_TS_MS', whole(0, 8.64e15), 0, 'Time of the first value (Unix, ms).', true),
    },
  },
  climate: {
    help: 'temperature_c, humidity_pct and pressure_hpa in one reading.',
    parameters: {},
  },
  host: {
    help: "This machine's own load: cpu_load_pct, memory_used_pct, disk_used_pct, net_rx_bytes_s, net_tx_bytes_s, temperature_c where there is one.",
    parameters: {},
  },
} satisfies { readonly [type: string]: { readonly help: string; readonly parameters: Table } };

export type SensorType = keyof typeof SENSOR_TYPES;
export const SENSOR_TYPE_NAMES: readonly SensorType[] = Object.keys(SENSOR_TYPES).filter(isSensorType);

/** What every sensor has. A null period is that of its type. */
export const COMMON_PARAMETERS = {
  type: parameter('TYPE', oneOf(...SENSOR_TYPE_NAMES), 'numeric', 'What kind of sensor it is.', true),
  name: option({
    name: 'NAME',
    kind: unset(text(`1 to ${LIMITS.sensorIdBytesMax - 8} characters`, /^\P{Cc}{1,248}$/u)),
    default: null,
    defaultText: 'sensor_<i>',
    help: 'The sensor id is <NAME>@<i>.',
  }),
  periodMs: option({
    name: 'PERIOD_MS',
    kind: unset(whole(1, 86_400_000)),
    default: null,
    defaultText: '1000; climate: SENSOR_INTERVAL_SECONDS; host: 5000',
    help: 'Time between readings.',
  }),
  unit: option({
    name: 'UNIT',
    kind: text(`at most ${LIMITS.unitBytesMax} bytes without control characters`, /^\P{Cc}{0,32}$/u),
    default: '',
    defaultText: 'none',
    help: 'Shown beside the value.',
  }),
  latencyMs: parameter('LATENCY_MS', decimal(0, 600_000), 0, 'How long a reading is under way.'),
  latencyJitterMs: parameter(
    'LATENCY_JITTER_MS',
    decimal(0, 600_000),
    0,
    'By how much that varies, up and down.',
  ),
};

interface SensorCommon {
  /** The i of SENSOR_<i>. */
  readonly index: number;
  readonly id: SensorId;
  readonly periodMs: number;
  readonly unit: string;
  readonly latencyMs: number;
  readonly latencyJitterMs: number;
}

export type SensorShape = {
  readonly [T in SensorType]: { readonly type: T } & ValuesOf<(typeof SENSOR_TYPES)[T]['parameters']>;
}[SensorType];
export type SensorOptions = SensorCommon & SensorShape;

function isSensorType(name: string): name is SensorType {
  return Object.hasOwn(SENSOR_TYPES, name);
}

/** All parameter names of all types, common ones first. */
export function parameterNames(): readonly string[] {
  const own = Object.values(SENSOR_TYPES).flatMap(({ parameters }) =>
    Object.values<Option<unknown>>(parameters),
  );
  return [...new Set([...Object.values(COMMON_PARAMETERS), ...own].map(({ name }) => name))];
}

function parameter<T>(
  name: string,
  kind: Kind<T>,
  byDefault: NoInfer<T>,
  help: string,
  isRequired?: true,
): Option<T> {
  return { name, kind, default: byDefault, help, ...(isRequired && { required: true }) };
}
