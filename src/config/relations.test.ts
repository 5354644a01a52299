import { expect, test } from 'vitest';
import { loadConfig } from './config.ts';

test.each([
  [
    { PHI_THRESHOLD_SUSPECT: '9' },
    'PHI_THRESHOLD_SUSPECT = "9" (environment): must be at most PHI_THRESHOLD_DEAD = "8" (default)',
  ],
  [
    { PROBE_TIMEOUT_MS: '500', HEARTBEAT_INTERVAL_MS: '500' },
    'PROBE_TIMEOUT_MS = "500" (environment): must be below HEARTBEAT_INTERVAL_MS = "500" (environment)',
  ],
  [
    { HEARTBEAT_TIMEOUT_MS: '90' },
    'HEARTBEAT_TIMEOUT_MS = "90" (environment): must be at least twice ORDER_HEARTBEAT_MS = "50" (default)',
  ],
  [{ ADVERTISE_HOST: '::' }, 'ADVERTISE_HOST = "::" (environment): must be a host that others can dial'],
  [
    { PORT: '65000' },
    'PORT = "65000" (environment): WEB_API_PORT would be PORT + 1000, which is above 65535; set WEB_API_PORT',
  ],
  [{ WEB_API_PORT: '9000' }, 'WEB_API_PORT = "9000" (environment): must differ from PORT = "9000" (default)'],
  [
    { INGEST_PORT: '10000' },
    'INGEST_PORT = "10000" (environment): must differ from WEB_API_PORT = "10000" (default)',
  ],
  [
    { BROADCAST_PORT: '9000' },
    'BROADCAST_PORT = "9000" (environment): must differ from PORT = "9000" (default), or DISCOVERY=off',
  ],
  [
    { GOSSIP_PUSH_RATIO: '0', GOSSIP_PUSH_MIN_PEERS: '0' },
    'GOSSIP_PUSH_RATIO = "0" (environment): must be above 0 when GOSSIP_PUSH_MIN_PEERS = "0" (environment), or nothing would be replicated',
  ],
  [{ CLEAR_LOG: 'true' }, 'CLEAR_LOG = "true" (environment): needs LOG_FILE'],
  [
    { SENSORS: '1', SENSOR_0_TYPE: 'numeric', SENSOR_0_MIN: '5', SENSOR_0_MAX: '5' },
    'SENSOR_0_MIN = "5" (environment): must be below SENSOR_0_MAX = "5" (environment)',
  ],
  [
    {
      SENSORS: '1',
      SENSOR_0_TYPE: 'finite_test',
      SENSOR_0_MAX_UPDATES: '2',
      SENSOR_0_START_TS_MS: '8640000000000000',
    },
    'SENSOR_0_MAX_UPDATES = "2" (environment): the last reading\'s time would be above 8640000000000000',
  ],
])('[CF7] %o is one problem', (environment, problem) => {
  const loaded = loadConfig([], environment);

  expect(loaded).toEqual({ ok: false, problem: [problem] });
});

test('[CF7] a relation with an option that could not be read is not judged', () => {
  const loaded = loadConfig([], { PHI_THRESHOLD_SUSPECT: '9', PHI_THRESHOLD_DEAD: 'high' });

  expect(loaded).toEqual({
    ok: false,
    problem: ['PHI_THRESHOLD_DEAD = "high" (environment): must be a number from 0.1 to 100'],
  });
});

test.each([
  { HOST: '::1' },
  { HOST: 'localhost' },
  { HOST: '127.0.0.2' },
  { HOST: '0.0.0.0', INSECURE: 'on' },
])('[CF7] %o is allowed', (environment) => {
  expect(loadConfig([], environment).ok).toBe(true);
});
