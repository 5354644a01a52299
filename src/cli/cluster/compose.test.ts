import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadConfig } from '../../config/config.ts';
import { composeFile } from './compose.ts';
import { TOPOLOGY_NAMES, topologyNamed } from './topologies.ts';
import { environmentOf } from './topology.ts';

const DEPLOY = new URL('../../../deploy/', import.meta.url);

test.each(TOPOLOGY_NAMES)(
  '[DE1] deploy/compose/%s.yml is what scripts/generate-deploy.ts makes of the table',
  (name) => {
    const file = readFileSync(new URL(`compose/${name}.yml`, DEPLOY), 'utf8');

    expect(file).toBe(composeFile({ name, plans: topologyNamed(name) }));
  },
);

test.each(TOPOLOGY_NAMES)(
  '[DE1] each node of compose %s has the variables of its local process, but for names and addresses',
  (name) => {
    const plans = topologyNamed(name);
    const file = composeFile({ name, plans });

    for (const plan of plans) {
      const shipped = variablesOf(file, plan.id);
      const { HOST: _, ...local } = environmentOf(plan, plans);
      const elsewhere = ['ADVERTISE_HOST', 'BOOTSTRAP_PEERS', 'MQTT_PORT'];
      for (const [key, value] of Object.entries(local)) {
        if (!elsewhere.includes(key)) expect(shipped[key], `${plan.id} ${key}`).toBe(value);
      }
      expect(shipped.BOOTSTRAP_PEERS?.split(',')).toHaveLength(plan.seeds.length);
      expect(loadConfig([], { ...shipped, INSECURE: 'true', HOST: '0.0.0.0' })).toMatchObject({ ok: true });
    }
  },
);

test('[DE1] the ports on the machine are those that the topology fixes, and none is there twice', () => {
  const file = composeFile({ name: '12', plans: topologyNamed('12') });

  const published = [...file.matchAll(/:(\d+):(\d+)'/g)].map(([, outside]) => Number(outside));

  expect(published).toHaveLength(36);
  expect(new Set(published).size).toBe(36);
  expect(published).toEqual(expect.arrayContaining([10_000, 10_011, 8_086, 8_097, 1_883, 1_894]));
});

/** Lines `NAME: 'value'` of one service. */
function variablesOf(file: string, service: string): { readonly [name: string]: string } {
  const from = file.indexOf(`\n  ${service}:\n`);
  const end = file.indexOf('    volumes:', from);
  const lines = file.slice(from, end).matchAll(/^ {6}([A-Z0-9_]+): '(.*)'$/gm);
  return Object.fromEntries([...lines].map(([, key = '', value = '']) => [key, value]));
}
