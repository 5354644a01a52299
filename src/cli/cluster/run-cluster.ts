// Runs a local cluster until Ctrl-C: its nodes' addresses first, then either the live table (terminal) or the
// story of its nodes in plain lines (pipe). Leaves nothing behind. SPEC rules CL6-CL8.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DrillDesk } from '../drill/drill-desk.ts';
import { DrillGround } from '../drill/drill-ground.ts';
import { DrillServer } from '../drill/drill-server.ts';
import { EXIT, Failure } from '../failure.ts';
import { plain } from '../table.ts';
import { ClusterScreen } from './cluster-screen.ts';
import { LocalCluster, type LogLine } from './local-cluster.ts';
import type { NodePlan } from './topology.ts';

export interface RunOptions {
  readonly plans: readonly NodePlan[];
  /** Kept afterwards; a directory for the time of the run without it. */
  readonly dataDirectory?: string;
  readonly json: boolean;
}

const TOKEN_BYTES = 16;

export async function runCluster(options: RunOptions): Promise<void> {
  const directory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'sensorium-'));
  const asScreen = process.stdout.isTTY === true && !options.json;
  const screen = asScreen ? new ClusterScreen(options.plans) : null;
  const tell = (node: string, line: LogLine) => tellLine(node, line, options.json);
  const asked = stopAsked();

  try {
    const cluster = await Promise.race([
      LocalCluster.start({
        plans: options.plans,
        dataDirectory: directory,
        environment: {
          SITE: `demo-${randomBytes(4).toString('hex')}`,
          DISCOVERY: 'off',
          LOG_LEVEL: 'DEMO',
        },
        heard: (node, line) => (screen ? screen.heard(node, line) : tell(node, line)),
        ended: (node, code, words) => {
          const line = { level: 'error', msg: `ended with code ${code}`, words };
          if (screen) screen.heard(node, line);
          else tell(node, line);
        },
      }),
      asked.then(() => null),
    ]);
    if (cluster === null) return;
    for (const { id, apiPort } of options.plans) {
      const url = `http://127.0.0.1:${apiPort}`;
      process.stdout.write(options.json ? `${JSON.stringify({ node: id, url })}\n` : `${id} ${url}\n`);
    }
    const drills = await openDrills(cluster, directory);
    if (options.json) process.stdout.write(`${JSON.stringify({ drill: drills.link })}\n`);
    else process.stdout.write(`break it and watch: ${drills.link}\n`);
    screen?.start(drills.link);
    await asked;
    screen?.stop();
    await drills.server.stop();
    await cluster.stop();
  } catch (cause) {
    throw new Failure(cause instanceof Error ? cause.message : String(cause), EXIT.failed, { cause });
  } finally {
    await LocalCluster.stopAll();
    if (options.dataDirectory === undefined) rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * The token stands in the link's fragment, which no browser sends anywhere; no node ever knows it, so that nobody
 * gets it from a node's read API. (CL30)
 */
async function openDrills(cluster: LocalCluster, directory: string) {
  const token = randomBytes(TOKEN_BYTES).toString('hex');
  const pagePorts = cluster.plans.map(({ apiPort }) => apiPort);
  const desk = new DrillDesk(new DrillGround(cluster, directory));
  const server = await DrillServer.start(desk, { token, pagePorts });
  return { server, link: `http://localhost:${pagePorts[0]}/#drill=${server.port}.${token}` };
}

function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}

function tellLine(node: string, line: LogLine, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(line)}\n`);
    return;
  }
  const { level: _level, time: _time, node: _node, msg, ...fields } = line;
  const shown = Object.entries(fields).map(([key, value]) => ` ${key}=${plain(String(value))}`);
  process.stdout.write(`${node}  ${plain(msg)}${shown.join('')}\n`);
}
