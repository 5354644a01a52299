// What options must be to each other. A relation is judged only when all options in it could be read, so that
// one mistake is one line. SPEC rule CF7.

import { TS_MS_MAX } from '../model/check-reading.ts';
import type { OptionValues } from './options.ts';
import type { SensorOptions } from './sensors.ts';
import type { Settings } from './settings.ts';

interface Relation {
  /** The first is the one the problem's line begins with. */
  readonly between: readonly string[];
  /** What is wrong, after the quoted first option; null when nothing is. */
  readonly wrong: (values: OptionValues, quote: (name: string) => string) => string | null;
}

export function checkRelations(values: OptionValues, settings: Settings): readonly string[] {
  const quote = (name: string) => settings.quote(name);
  return RELATIONS.flatMap(({ between, wrong }) => {
    if (between.some((name) => settings.hasFailed(name))) return [];
    const problem = wrong(values, quote);
    return problem === null ? [] : [`${settings.quote(between[0] ?? '')}: ${problem}`];
  });
}

export function checkSensors(sensors: readonly SensorOptions[], settings: Settings): readonly string[] {
  return sensors.flatMap((sensor) => {
    const name = (parameter: string) => `SENSOR_${sensor.index}_${parameter}`;
    if (sensor.type === 'numeric') {
      if (sensor.min < sensor.max || settings.hasFailed(name('MIN')) || settings.hasFailed(name('MAX')))
        return [];
      return [`${settings.quote(name('MIN'))}: must be below ${settings.quote(name('MAX'))}`];
    }
    if (sensor.type === 'finite_test') {
      const lastTsMs = sensor.startTsMs + (sensor.maxUpdates - 1) * sensor.periodMs;
      if (lastTsMs <= TS_MS_MAX) return [];
      return [`${settings.quote(name('MAX_UPDATES'))}: the last reading's time would be above ${TS_MS_MAX}`];
    }
    return [];
  });
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** The API port follows the peer port, also where that is left to the system. */
export function webApiPortOf({ port, webApiPort }: Pick<OptionValues, 'port' | 'webApiPort'>): number {
  return webApiPort ?? (port === 0 ? 0 : port + 1_000);
}

const RELATIONS: readonly Relation[] = [
  {
    between: ['ADVERTISE_HOST'],
    wrong: ({ advertiseHost }) =>
      advertiseHost !== null && isWildcard(advertiseHost) ? 'must be a host that others can dial' : null,
  },
  {
    between: ['PORT', 'WEB_API_PORT'],
    wrong: (values) =>
      webApiPortOf(values) > 65_535
        ? 'WEB_API_PORT would be PORT + 1000, which is above 65535; set WEB_API_PORT'
        : null,
  },
  listenersDiffer('WEB_API_PORT', 'PORT'),
  listenersDiffer('INGEST_PORT', 'PORT'),
  listenersDiffer('INGEST_PORT', 'WEB_API_PORT'),
  listenersDiffer('MQTT_PORT', 'PORT'),
  listenersDiffer('MQTT_PORT', 'WEB_API_PORT'),
  listenersDiffer('MQTT_PORT', 'INGEST_PORT'),
  {
    between: ['BROADCAST_PORT', 'PORT', 'DISCOVERY'],
    wrong: ({ broadcastPort, port, discovery }, quote) =>
      discovery && broadcastPort === port ? `must differ from ${quote('PORT')}, or DISCOVERY=off` : null,
  },
  {
    between: ['PHI_THRESHOLD_SUSPECT', 'PHI_THRESHOLD_DEAD'],
    wrong: ({ phiThresholdSuspect, phiThresholdDead }, quote) =>
      phiThresholdSuspect > phiThresholdDead ? `must be at most ${quote('PHI_THRESHOLD_DEAD')}` : null,
  },
  {
    between: ['PROBE_TIMEOUT_MS', 'HEARTBEAT_INTERVAL_MS'],
    wrong: ({ probeTimeoutMs, heartbeatIntervalMs }, quote) =>
      probeTimeoutMs >= heartbeatIntervalMs ? `must be below ${quote('HEARTBEAT_INTERVAL_MS')}` : null,
  },
  {
    between: ['HEARTBEAT_TIMEOUT_MS', 'ORDER_HEARTBEAT_MS'],
    wrong: ({ heartbeatTimeoutMs, orderHeartbeatMs }, quote) =>
      heartbeatTimeoutMs < 2 * orderHeartbeatMs
        ? `must be at least twice ${quote('ORDER_HEARTBEAT_MS')}`
        : null,
  },
  {
    between: ['GOSSIP_PUSH_RATIO', 'GOSSIP_PUSH_MIN_PEERS'],
    wrong: ({ gossipPushRatio, gossipPushMinPeers }, quote) =>
      gossipPushRatio === 0 && gossipPushMinPeers === 0
        ? `must be above 0 when ${quote('GOSSIP_PUSH_MIN_PEERS')}, or nothing would be replicated`
        : null,
  },
  {
    between: ['CLEAR_LOG', 'LOG_FILE'],
    wrong: ({ clearLog, logFile }) => (clearLog && logFile === null ? 'needs LOG_FILE' : null),
  },
];

/** Two TCP listeners share a port only when the system chooses (0) or one is off (null). */
function listenersDiffer(
  a: 'WEB_API_PORT' | 'INGEST_PORT' | 'MQTT_PORT',
  b: 'PORT' | 'WEB_API_PORT' | 'INGEST_PORT',
): Relation {
  return {
    between: [a, b],
    wrong: (values, quote) => {
      const port = {
        PORT: values.port,
        WEB_API_PORT: webApiPortOf(values),
        INGEST_PORT: values.ingestPort,
        MQTT_PORT: values.mqttPort,
      };
      return port[a] !== null && port[a] !== 0 && port[a] === port[b] ? `must differ from ${quote(b)}` : null;
    },
  };
}
