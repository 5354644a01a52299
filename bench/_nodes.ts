// Node processes for benchmarks: started from what `npm run build` made (or SENSORIUM_PROGRAM), with nothing of
// the caller's environment but what the benchmark says.

import { PROGRAM } from '../test/e2e/site.ts';
import { BenchProcess } from './_process.ts';

const READY_MS = 30_000;

export interface NodeSettings {
  readonly [name: string]: string;
}

export interface StartedNode {
  readonly process: BenchProcess;
  /** When it said `ready`. */
  readonly readyAtMs: Promise<number>;
}

/** `heard` is called with each message of its log. */
export function startNode(
  settings: NodeSettings & { readonly NODE_ID: string },
  wrapper: readonly string[] = [],
  heard: (message: string, atMs: number) => void = () => {},
): StartedNode {
  let ready: (atMs: number) => void = () => {};
  const args = [...nodeFlags(settings.NODE_ID), PROGRAM, 'node', '--until-stdin-ends'];
  const command = { wrapper, program: process.execPath, args, environment: { MQTT_PORT: '0', ...settings } };
  const node = new BenchProcess(settings.NODE_ID, command, (line, atMs) => {
    const message = messageOf(line);
    if (message === 'ready') ready(atMs);
    heard(message, atMs);
  });
  const readyAtMs = new Promise<number>((resolve, reject) => {
    ready = resolve;
    const failed = (why: string) => reject(new Error(`${settings.NODE_ID} ${why}\n${node.lastWords}`));
    const timer = setTimeout(() => failed(`was not ready within ${READY_MS} ms`), READY_MS);
    timer.unref();
    node.exited.then(() => failed('ended before it was ready'));
  });
  readyAtMs.catch(() => {});
  return { process: node, readyAtMs };
}

/** The node at that place of a small site on this machine; `ports`: of each one for peers, the API and readings. */
export function startOneOf(
  ids: readonly string[],
  at: number,
  directory: string,
  ports: readonly number[],
): StartedNode {
  const others = ids.map((_, i) => i).filter((i) => i !== at);
  return startNode({
    NODE_ID: ids[at] ?? '',
    SITE: 'bench',
    DATA_DIR: directory,
    DISCOVERY: 'off',
    EXPECT_NODES: String(ids.length),
    PORT: String(ports[3 * at]),
    WEB_API_PORT: String(ports[3 * at + 1]),
    INGEST_PORT: String(ports[3 * at + 2]),
    BOOTSTRAP_PEERS: others.map((i) => `127.0.0.1:${ports[3 * i]}`).join(','),
  });
}

/** `BENCH_PROFILE=<node id>:<directory>` has that node write a profile of its processor use when it ends. */
function nodeFlags(id: string): string[] {
  const [profiled, directory] = (process.env.BENCH_PROFILE ?? '').split(':');
  return profiled === id && directory ? ['--cpu-prof', `--cpu-prof-dir=${directory}`] : [];
}

function messageOf(line: string): string {
  try {
    const { msg } = JSON.parse(line);
    return String(msg);
  } catch {
    return line;
  }
}
