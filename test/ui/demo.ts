// `sensorium demo` as people start it, for the tests of its pages: its nodes, and the link to the page that can hurt
// them. Every process and directory of it goes with the test.

import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Convergence } from '../../src/api/convergence-routes.ts';
import type { View } from '../../src/api/schema.ts';
import { ended, type Ran } from '../e2e/run.ts';
import { program } from '../e2e/site.ts';
import { until } from '../e2e/until.ts';

const STARTS_MS = 120_000;
const ANSWER_MS = 10_000;

export class Demo {
  readonly urls = new Map<string, string>();
  readonly ingestPorts = new Map<string, string>();
  /** To the page that can hurt it. */
  link = '';
  readonly #directory = mkdtempSync(join(tmpdir(), 'sensorium-ui-'));
  readonly #process: ChildProcess;
  readonly #end: Promise<Ran>;
  #out = '';

  /** Resolves when one leads, and hears of all. */
  static async start(nodes: number): Promise<Demo> {
    const demo = new Demo(nodes);
    try {
      await until(
        'the demo tells where its page is',
        () => demo.#read(),
        () => demo.link !== '' && demo.urls.size === nodes,
        STARTS_MS,
      );
      await until(
        'one leads, and all are there',
        () => demo.viewOf('node-1'),
        (view) => view.leader !== null && view.quorum && view.present.length === nodes,
        STARTS_MS,
      );
    } catch (cause) {
      await demo.stop();
      throw cause;
    }
    return demo;
  }

  private constructor(nodes: number) {
    this.#process = program(['demo', '--nodes', String(nodes)], { TMPDIR: this.#directory });
    this.#process.stdout?.on('data', (text: Buffer) => {
      this.#out += text.toString();
    });
    this.#end = ended(this.#process);
  }

  /** Of all nodes, by both names of this machine, and of the parent's door. */
  get origins(): readonly string[] {
    const ports = [...this.urls.values()].map((url) => new URL(url).port);
    const [, door] = /#drill=(\d+)\./.exec(this.link) ?? [];
    return [...ports, door].flatMap((port) => [`http://127.0.0.1:${port}`, `http://localhost:${port}`]);
  }

  url(id: string): string {
    return this.urls.get(id) ?? '';
  }

  async get<T>(id: string, path: string): Promise<T> {
    const response = await fetch(this.url(id) + path, { signal: AbortSignal.timeout(ANSWER_MS) });
    return (await response.json()) as T;
  }

  viewOf(id: string): Promise<View> {
    return this.get<View>(id, '/api/v1/view');
  }

  /** How many changes of the origin there are that the node does not have. */
  async lagOf(id: string, origin: string): Promise<number> {
    const upto = async (at: string) => {
      const { streams } = await this.get<Convergence>(at, '/api/v1/convergence');
      return streams.find((stream) => stream.origin === origin)?.upto ?? 0;
    };
    return (await upto(origin)) - (await upto(id));
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#end;
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #read(): void {
    for (const line of this.#out.split('\n')) {
      const [, node, url] = /^(\S+) (http:\/\/127\.0\.0\.1:\d+)$/.exec(line) ?? [];
      if (node && url) this.urls.set(node, url);
      const [, ready, port] = /^(\S+) {2}ready .*\bingest_port=(\d+)/.exec(line) ?? [];
      if (ready && port) this.ingestPorts.set(ready, port);
      this.link = /^break it and watch: (\S+)$/.exec(line)?.[1] ?? this.link;
    }
  }
}
