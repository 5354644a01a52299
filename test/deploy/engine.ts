// A container engine of the test's own: podman with its storage, its settings and its socket in a directory that goes
// with the test, and an image that stands in for Node's, made of this machine's files, so that neither a daemon nor a
// registry is needed. `docker-compose` speaks to the socket.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../e2e/until.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const BASE = 'localhost/sensorium-base';
export const IMAGE = 'localhost/sensorium:test';
const PROGRAMS = ['podman', 'runc', 'docker-compose', 'aardvark-dns'];
const OUTPUT_BYTES_MAX = 16_777_216;

/** Limits above the machine's own need a right that containers inside containers lack; crun refuses hybrid cgroups. */
const SETTINGS = `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32000:32000"]
[network]
network_backend = "netavark"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

/**
 * `docker compose` of the second version by way of the first, which is what Debian has: the file's name of the project is
 * said by a flag, and `up --wait` does not wait.
 */
const DOCKER = `#!/bin/bash -e
[ "$1" = compose ] && [ "$2" = -f ] || { echo "only compose -f FILE is known here" >&2; exit 2; }
file=$3; shift 3
copy=$(dirname "$file")/.first-version.yml
{ echo "version: '3.8'"; grep -v '^name: ' "$file"; } >"$copy"
args=(); for arg; do [ "$arg" = --wait ] || args+=("$arg"); done
COMPOSE_HTTP_TIMEOUT=120 docker-compose -p "$(sed -n 's/^name: //p' "$file")" -f "$copy" "\${args[@]}"
`;

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Null where containers can be run. */
export function whyNoEngine(): string | null {
  if (process.platform !== 'linux') return `containers need Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'containers of a test need root';
  const missing = PROGRAMS.filter((name) => !isThere(name));
  return missing.length === 0 ? null : `no program ${missing.join(', ')}`;
}

export class Engine {
  readonly #directory = mkdtempSync(join(tmpdir(), 'sensorium-engine-'));
  readonly #end = () => this.stop();
  #service: ChildProcess | null = null;

  /** With the program's image, built by its own Dockerfile. */
  static async start(): Promise<Engine> {
    const engine = new Engine();
    process.once('exit', engine.#end);
    try {
      await engine.#start();
      return engine;
    } catch (error) {
      engine.stop();
      throw error;
    }
  }

  podman(...args: readonly string[]): Said {
    return said(spawnSync('podman', [...this.#storage, ...args], this.#options));
  }

  /** Throws with what it said when it fails. */
  podmanWell(...args: readonly string[]): string {
    const { code, out, err } = this.podman(...args);
    if (code !== 0) throw new Error(`podman ${args.join(' ')} ended with ${code}: ${err}${out}`);
    return out;
  }

  /** A shipped compose file; `project` names its containers `<project>_<service>_1`. */
  compose(project: string, file: string, environment: NodeJS.ProcessEnv, ...args: readonly string[]): Said {
    // The field is of the second version of compose; this is the first, which is what Debian has.
    const text = `version: '3.8'\n${readFileSync(join(ROOT, file), 'utf8').replace(/^name: .*$/m, '')}`;
    const copy = join(this.#directory, `${project}.yml`);
    writeFileSync(copy, text);
    const env = {
      ...this.#environment,
      DOCKER_HOST: this.#socket,
      COMPOSE_HTTP_TIMEOUT: '120',
      SENSORIUM_IMAGE: IMAGE,
      ...environment,
    };
    return said(spawnSync('docker-compose', ['-p', project, '-f', copy, ...args], { ...this.#options, env }));
  }

  /** The image's name with its digest, as a release names it. */
  pinnedImage(): string {
    const digest = this.podmanWell('image', 'inspect', '--format', '{{.Digest}}', IMAGE).trim();
    return `${IMAGE.slice(0, IMAGE.lastIndexOf(':'))}@${digest}`;
  }

  /** Commands as a reader types them, one script, with a `docker` that asks this engine. */
  shell(script: string, cwd: string, environment: NodeJS.ProcessEnv): Said {
    const directory = join(this.#directory, 'bin');
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'docker'), DOCKER, { mode: 0o755 });
    const PATH = `${directory}:${process.env.PATH ?? ''}`;
    const env = { ...this.#environment, PATH, DOCKER_HOST: this.#socket, ...environment };
    return said(spawnSync('bash', ['-e', '-c', script], { ...this.#options, cwd, env }));
  }

  stop(): void {
    process.removeListener('exit', this.#end);
    this.podman('rm', '--all', '--force', '--time', '0', '--volumes');
    this.podman('network', 'prune', '--force');
    this.#service?.kill();
    this.podman('system', 'reset', '--force');
    // A store that was in use when its service ended stays mounted on itself.
    spawnSync('umount', ['--lazy', join(this.#directory, 'store/overlay')]);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get #storage(): readonly string[] {
    const at = (name: string) => join(this.#directory, name);
    return ['--root', at('store'), '--runroot', at('run'), '--network-config-dir', at('networks')];
  }

  get #socket(): string {
    return `unix://${join(this.#directory, 'podman.sock')}`;
  }

  get #environment(): NodeJS.ProcessEnv {
    const { PATH, HOME, TMPDIR } = process.env;
    return { PATH, HOME, TMPDIR, CONTAINERS_CONF: join(this.#directory, 'containers.conf') };
  }

  get #options() {
    return { encoding: 'utf8' as const, env: this.#environment, maxBuffer: OUTPUT_BYTES_MAX };
  }

  async #start(): Promise<void> {
    writeFileSync(join(this.#directory, 'containers.conf'), SETTINGS);
    this.#importBase();
    this.#build();
    this.#service = spawn('podman', [...this.#storage, 'system', 'service', '--time=0', this.#socket], {
      env: this.#environment,
      stdio: 'ignore',
    });
    await until(
      'the socket is there',
      () => existsSync(join(this.#directory, 'podman.sock')),
      (there) => there,
    );
  }

  #importBase(): void {
    const root = join(this.#directory, 'base');
    const tar = join(this.#directory, 'base.tar');
    execFileSync('bash', [join(ROOT, 'test/deploy/base-image.sh'), root], { stdio: 'pipe' });
    execFileSync('tar', ['-C', root, '-cf', tar, '.']);
    const changes = [
      'CMD ["node"]',
      'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt',
    ].flatMap((change) => ['--change', change]);
    this.podmanWell('import', '--quiet', ...changes, tar, BASE);
    rmSync(tar);
    rmSync(root, { recursive: true });
  }

  /** The packages come over this machine's network, or from npm's cache of it. */
  #build(): void {
    const cache = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8', cwd: ROOT }).trim();
    this.podmanWell(
      ...['build', '--format', 'docker', '--layers=false', '--network', 'host'],
      ...(existsSync(cache) ? ['--volume', `${cache}:/root/.npm`] : []),
      ...[
        '--build-arg',
        `NODE_IMAGE=${BASE}`,
        '--file',
        join(ROOT, 'deploy/Dockerfile'),
        '--tag',
        IMAGE,
        ROOT,
      ],
    );
  }
}

function isThere(name: string): boolean {
  const places = [
    ...(process.env.PATH ?? '').split(':'),
    '/usr/sbin',
    '/usr/lib/podman',
    '/usr/libexec/podman',
  ];
  return places.some((place) => existsSync(join(place, name)));
}

function said({ status, stdout, stderr, error }: ReturnType<typeof spawnSync>): Said {
  return { code: status, out: String(stdout ?? ''), err: error ? error.message : String(stderr ?? '') };
}
