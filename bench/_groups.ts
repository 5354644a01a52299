// The two systems whose membership is compared, each as a command that starts one member, and what its lines mean.

import { spawnSync } from 'node:child_process';
import type { Eyes, Sight } from './_eyes.ts';
import type { BenchHost } from './_hosts.ts';
import { startNode } from './_nodes.ts';
import { BenchProcess } from './_process.ts';

/** Where a member runs and listens. */
export interface Place {
  readonly name: string;
  readonly host: BenchHost;
  readonly port: number;
  readonly sidePort: number;
}

export interface StartedMember {
  readonly process: BenchProcess;
  readonly readyAtMs: Promise<number>;
}

export interface GroupSystem {
  readonly name: string;
  readonly knobs: string;
  /** `seed` is told to it; the member that the others join has none. */
  start(place: Place, seed: Place | null, directory: string, eyes: Eyes): StartedMember;
  /** Its own count of bytes received from others, where it keeps one. */
  ownCount?(place: Place): Promise<number>;
}

const SAID = /^(\S+) (joined|is alive|is suspected|is dead|is left)$/;
const SERF_SAID = /EventMember(Join|Failed|Leave|Reap): (\S+)/;

export const SENSORIUM: GroupSystem = {
  name: 'sensorium',
  knobs: 'PROFILE=local: heartbeat 1 s, probe timeout 0.3 s, gossip round 1 s, no sensors, discovery off',
  start({ name, host, port, sidePort }, seed, directory, eyes) {
    const settings = {
      NODE_ID: name,
      SITE: 'bench',
      DATA_DIR: directory,
      HOST: host.address,
      ADVERTISE_HOST: host.address,
      PORT: String(port),
      WEB_API_PORT: String(sidePort),
      INGEST_PORT: '0',
      DISCOVERY: 'off',
      INSECURE: 'true',
      BOOTSTRAP_PEERS: seed === null ? '' : `${seed.host.address}:${seed.port}`,
    };
    return startNode(settings, host.wrapper, (message) => {
      const [, subject = '', what] = SAID.exec(message) ?? [];
      if (what !== undefined) eyes.says(name, subject, SIGHTS[what] ?? 'gone');
    });
  },
  async ownCount({ host, sidePort }) {
    const response = await fetch(`http://${host.address}:${sidePort}/api/introspection/metrics`, {
      headers: { connection: 'close' },
    });
    const { metrics } = JSON.parse(await response.text());
    return Number(metrics.counters.peer_bytes_received_total);
  },
};

const SIGHTS: { readonly [what: string]: Sight } = {
  joined: 'alive',
  'is alive': 'alive',
  'is suspected': 'suspected',
};

export const SERF: GroupSystem = {
  name: 'serf',
  knobs: 'its default profile (lan: probe interval 1 s, probe timeout 0.5 s, gossip interval 0.2 s)',
  start({ name, host, port, sidePort }, seed, _directory, eyes) {
    let ready: (atMs: number) => void = () => {};
    const readyAtMs = new Promise<number>((resolve) => {
      ready = resolve;
    });
    const args = [
      'agent',
      `-node=${name}`,
      `-bind=${host.address}:${port}`,
      `-rpc-addr=127.0.0.1:${sidePort}`,
      ...(seed === null ? [] : [`-join=${seed.host.address}:${seed.port}`]),
    ];
    const command = { wrapper: host.wrapper, program: 'serf', args, environment: {} };
    const agent = new BenchProcess(name, command, (line, atMs) => {
      if (line.includes('Serf agent running')) ready(atMs);
      const [, what, subject = ''] = SERF_SAID.exec(line) ?? [];
      if (what !== undefined) eyes.says(name, subject, what === 'Join' ? 'alive' : 'gone');
    });
    return { process: agent, readyAtMs };
  },
};

/** Null where there is none. */
export function serfVersion(): string | null {
  const { status, stdout } = spawnSync('serf', ['version'], { encoding: 'utf8' });
  return status === 0 ? (stdout.split('\n')[0] ?? '').replace(/^Serf\s+/, '') : null;
}
