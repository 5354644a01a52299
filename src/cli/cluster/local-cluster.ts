// A cluster of node processes on this machine, children of this one: they are started together, their log lines
// are read, and they end with it.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { makeDirectory } from '../../host/storage/make-directory.ts';
import { environmentOf, type NodePlan } from './topology.ts';

/** A child that is still there this long after SIGTERM is killed. */
const STOP_MS = 3_000;
const DIRECTORY_MODE = 0o700;

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface ClusterOptions {
  readonly plans: readonly NodePlan[];
  readonly dataDirectory: string;
  /** Variables for every node, above those of its plan. */
  readonly environment: { readonly [name: string]: string };
  heard(node: string, line: LogLine): void;
  /** A node ended without being asked to. */
  ended(node: string, code: number | null, lastWords: string): void;
}

export class LocalCluster {
  readonly #options: ClusterOptions;
  readonly #children = new Map<string, ChildProcess>();
  #stopping = false;
  /** Those of this process, so that none outlives it, whatever fails. */
  static readonly #all = new Set<LocalCluster>();

  private constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** Resolves when every node is ready. */
  static async start(options: ClusterOptions): Promise<LocalCluster> {
    await makeDirectory(options.dataDirectory, DIRECTORY_MODE);
    const cluster = new LocalCluster(options);
    LocalCluster.#all.add(cluster);
    await Promise.all(options.plans.map((plan) => cluster.#startNode(plan)));
    return cluster;
  }

  get plans(): readonly NodePlan[] {
    return this.#options.plans;
  }

  isRunning(node: string): boolean {
    return this.#children.has(node);
  }

  /** Sends a signal to a node's process; the caller knows what it does. */
  signal(node: string, signal: NodeJS.Signals): void {
    this.#children.get(node)?.kill(signal);
  }

  /** Resolves when the node's process is there no more. */
  async gone(node: string): Promise<void> {
    const child = this.#children.get(node);
    if (child) await new Promise((ended) => child.once('exit', ended));
  }

  /** Starts a node again that has ended; resolves when it is ready. */
  async restart(node: string): Promise<void> {
    const plan = this.plans.find(({ id }) => id === node);
    if (plan && !this.isRunning(node) && !this.#stopping) await this.#startNode(plan);
  }

  static async stopAll(): Promise<void> {
    await Promise.all([...LocalCluster.#all].map((cluster) => cluster.stop()));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#children.values()].map(stopChild));
    LocalCluster.#all.delete(this);
  }

  #startNode(plan: NodePlan): Promise<void> {
    const child = spawn(process.execPath, [program(), 'node', '--until-stdin-ends', '--drills'], {
      env: {
        ...inherited(),
        ...environmentOf(plan, this.#options.plans),
        DATA_DIR: this.#options.dataDirectory,
        ...this.#options.environment,
      },
      // A parent that is killed closes this pipe, and the node ends.
      stdio: ['pipe', 'pipe', 'pipe'],
      // Ctrl-C in a terminal goes to every process of its group; the parent alone decides when to stop.
      detached: true,
    });
    this.#children.set(plan.id, child);
    let lastWords = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-2_000);
    });

    return new Promise((ready, failed) => {
      child.on('error', failed);
      child.on('exit', (code) => {
        this.#children.delete(plan.id);
        failed(new Error(`${plan.id} ended with code ${code} before it was ready\n${lastWords}`));
        if (!this.#stopping) this.#options.ended(plan.id, code, lastWords);
      });
      if (!child.stdout) return;
      createInterface({ input: child.stdout }).on('line', (text) => {
        const line = parseLine(text);
        if (line === null) return;
        if (line.msg === 'ready') ready();
        this.#options.heard(plan.id, line);
      });
    });
  }
}

function program(): string {
  return process.argv[1] ?? '';
}

/** The operator's own settings for a single node would confuse a cluster of them. */
function inherited(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR, LANG, TZ, NODE_EXTRA_CA_CERTS } = process.env;
  return { PATH, HOME, TMPDIR, LANG, TZ, NODE_EXTRA_CA_CERTS };
}

function parseLine(text: string): LogLine | null {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return null;
  }
}

function stopChild(child: ChildProcess): Promise<void> {
  return new Promise((gone) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      gone();
    });
    child.kill('SIGTERM');
  });
}
