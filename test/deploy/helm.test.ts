// The chart, rendered and read as YAML; and by Helm itself where that is there.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/config.ts';
import { render, type Scope } from './go-template.ts';

const CHART = join(import.meta.dirname, '../../deploy/helm/sensorium');
const VALUES: Scope = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
const KEY = 'a-key-of-the-site-that-is-long-enough';

interface Document {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Scope;
  readonly stringData?: Scope;
}

test('[DE5] at its defaults the chart makes one stateful set, its services, its key and a disruption budget', () => {
  const documents = rendered({ clusterKey: { existingSecret: '', value: KEY } });

  expect(documents.map(({ kind }) => kind).sort()).toEqual([
    'PodDisruptionBudget',
    'Secret',
    'Service',
    'Service',
    'StatefulSet',
  ]);
  expect(documents.find(({ kind }) => kind === 'Secret')?.stringData).toEqual({ key: KEY });
  const set = documents.find(({ kind }) => kind === 'StatefulSet');
  expect(set?.spec).toMatchObject({
    serviceName: 'hall-peers',
    replicas: 3,
    template: {
      spec: {
        securityContext: { runAsNonRoot: true },
        containers: [{ image: 'sensorium:0.1.0', securityContext: { readOnlyRootFilesystem: true } }],
      },
    },
  });
});

test('[DE5] the variables of a rendered node are options of the program, and its seeds are nodes of the set', () => {
  const options = { PROFILE: 'lan', HISTORY_MAX_AGE_MS: '7776000000' };
  const documents = rendered({ clusterKey: { existingSecret: '', value: KEY }, replicas: 5, options });

  const environment = environmentOf(documents, 'hall-4');
  const loaded = loadConfig([], { ...environment, CLUSTER_KEY: KEY, HOST: '0.0.0.0' });

  expect(loaded).toMatchObject({
    ok: true,
    value: { config: { expectNodes: 5, profile: 'lan', discovery: false } },
  });
  expect(environment.ADVERTISE_HOST).toBe('hall-4.hall-peers');
  expect(environment.BOOTSTRAP_PEERS?.split(',')).toContain('hall-0.hall-peers:9000');
});

test('[DE5] with everything turned on it still is YAML, and a secret that is there is not made', () => {
  const documents = rendered({
    clusterKey: { existingSecret: 'mine', value: '' },
    image: {
      repository: 'ghcr.io/x/sensorium',
      tag: '',
      digest: 'sha256:abc',
      pullPolicy: 'Always',
      pullSecrets: [{ name: 'p' }],
    },
    storage: { size: '1Gi', className: 'fast' },
    serviceMonitor: { enabled: true, interval: '15s' },
    podAnnotations: { a: 'b' },
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ key: 'edge', operator: 'Exists' }],
    service: { type: 'LoadBalancer', annotations: { c: 'd' } },
  });

  const kinds = documents.map(({ kind }) => kind);
  expect(kinds).toContain('ServiceMonitor');
  expect(kinds).not.toContain('Secret');
  const set = JSON.stringify(documents.find(({ kind }) => kind === 'StatefulSet'));
  for (const part of [
    'ghcr.io/x/sensorium@sha256:abc',
    '"name":"mine"',
    '"disk":"ssd"',
    '"storageClassName":"fast"',
  ]) {
    expect(set).toContain(part);
  }
});

test('[DE5] without a key it says what to set', () => {
  expect(() => rendered({})).toThrow('set clusterKey.value');
});

test('[DE5] Helm has nothing to say against it', (context) => {
  if (spawnSync('helm', ['version']).error) context.skip('no program `helm`');

  const { status, stdout } = spawnSync(
    'helm',
    ['lint', '--strict', '--set', `clusterKey.value=${KEY}`, CHART],
    { encoding: 'utf8' },
  );

  expect(status, stdout).toBe(0);
});

function rendered(values: Scope): readonly Document[] {
  const chart: Scope = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8'));
  const scope = {
    Values: { ...VALUES, ...values },
    Release: { Name: 'hall', Namespace: 'edge' },
    Chart: { AppVersion: chart.appVersion, Version: chart.version },
  };
  const templates = readdirSync(join(CHART, 'templates'));
  expect(render(readFileSync(join(CHART, 'templates/NOTES.txt'), 'utf8'), scope)).toContain('hall:8086');
  return templates
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => {
      const text = render(readFileSync(join(CHART, 'templates', name), 'utf8'), scope);
      return parseAllDocuments(text).flatMap((document) => {
        expect(document.errors, name).toEqual([]);
        const content: Document | null = document.toJS();
        return content === null ? [] : [content];
      });
    });
}

/** As Kubernetes would set it: `$(NODE_ID)` and the pod's name filled in. */
function environmentOf(documents: readonly Document[], pod: string): { readonly [name: string]: string } {
  const set = documents.find(({ kind }) => kind === 'StatefulSet') as StatefulSet | undefined;
  const env = set?.spec.template.spec.containers[0]?.env ?? [];
  return Object.fromEntries(
    env.map(({ name, value }) => [name, (value ?? pod).replaceAll('$(NODE_ID)', pod)]),
  );
}

interface StatefulSet {
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
}
