// The site of a soak: nodes that are killed, stopped, cut off, robbed of their directories and started again, at the
// same ports. It knows which of them should be there, so that one that ends by itself is noticed.

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { askNode } from '../../../src/control/control-client.ts';
import { parsePeerId } from '../../../src/model/ids.ts';
import { Namespaces, whyNoNamespaces } from '../namespaces.ts';
import { ended, type Ran } from '../run.ts';
import { type Environment, program, Site } from '../site.ts';
import type { SiteNode } from '../site-node.ts';

const NAMES = ['ann', 'bob', 'cat', 'dan', 'eve', 'fay', 'gus'];

export class SoakSite {
  readonly ids: readonly string[];
  /** Those that may be ended. */
  readonly mortal: readonly string[];
  /** Why links are cut inside the nodes, not between them; null where they are cut between them. */
  readonly whyNoNamespaces: string | null;
  readonly #namespaces: Namespaces | null;
  readonly #site: Site;
  readonly #nodes = new Map<string, SiteNode>();
  readonly #paused = new Set<string>();
  /** How often a node lost its directory. */
  readonly #losses = new Map<string, number>();
  #unexpected: string[] = [];

  /** In namespaces, where they can be made and are wanted. The first `spared` nodes are not to be ended. */
  constructor(nodes: number, inNamespaces: boolean, spared = 0) {
    this.ids = NAMES.slice(0, nodes);
    this.mortal = this.ids.slice(spared);
    this.whyNoNamespaces = inNamespaces ? whyNoNamespaces() : 'namespaces are not wanted';
    this.#namespaces = this.whyNoNamespaces === null ? new Namespaces(this.ids, nodes) : null;
    this.#site = new Site(this.#namespaces?.places, ['--drills']);
  }

  get directory(): string {
    return this.#site.directory;
  }

  directoryOf(id: string): string {
    return this.#site.directoryOf(id);
  }

  /** Nodes that ended though nobody ended them, and what they said. */
  get unexpected(): readonly string[] {
    return this.#unexpected;
  }

  /** Those whose process is there, stopped or not. */
  get running(): readonly SiteNode[] {
    return this.ids.flatMap((id) => this.#nodes.get(id) ?? []);
  }

  /** Those that can answer. */
  get answering(): readonly SiteNode[] {
    return this.running.filter(({ id }) => !this.#paused.has(id));
  }

  node(id: string): SiteNode | null {
    return this.#nodes.get(id) ?? null;
  }

  isPaused(id: string): boolean {
    return this.#paused.has(id);
  }

  lossesOf(id: string): number {
    return this.#losses.get(id) ?? 0;
  }

  /** Resolves when the node is ready. */
  async start(id: string, more: Environment = {}): Promise<SiteNode> {
    const reachable: Environment = this.#namespaces === null ? {} : { HOST: '0.0.0.0', INSECURE: 'true' };
    const node = await this.#site.spawn(id, this.ids, {
      EXPECT_NODES: String(this.ids.length),
      LOG_FILE: join(this.directory, `${id}.log`),
      ...reachable,
      ...more,
    });
    this.#nodes.set(id, node);
    node.exited.then((code) => {
      if (this.#nodes.get(id) !== node) return;
      this.#nodes.delete(id);
      this.#unexpected.push(`${id} ended by itself with code ${code}: ${node.errors}`);
    });
    await node.ready;
    return node;
  }

  async startAll(more: Environment = {}): Promise<void> {
    await Promise.all(this.ids.filter((id) => !this.#nodes.has(id)).map((id) => this.start(id, more)));
  }

  /** Gives the exit code. */
  async end(id: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const node = this.#nodes.get(id);
    if (node === undefined) return null;
    this.#nodes.delete(id);
    this.#paused.delete(id);
    const code = await node.kill(signal);
    if (signal === 'SIGTERM' && code !== 0) {
      this.#unexpected.push(`${id} ended with code ${code} at SIGTERM: ${node.errors}`);
    }
    return code;
  }

  pause(id: string): void {
    if (this.#nodes.get(id)?.child.kill('SIGSTOP')) this.#paused.add(id);
  }

  resume(id: string): void {
    this.#nodes.get(id)?.child.kill('SIGCONT');
    this.#paused.delete(id);
  }

  /** Of a node that does not run. A directory that is mounted stays, empty. */
  loseDirectory(id: string): void {
    this.#losses.set(id, this.lossesOf(id) + 1);
    const directory = this.directoryOf(id);
    if (!existsSync(directory)) return;
    for (const name of readdirSync(directory)) {
      rmSync(join(directory, name), { recursive: true, force: true });
    }
  }

  /** Nothing goes between these nodes and the others, in either direction. */
  async split(alone: readonly string[]): Promise<void> {
    if (this.#namespaces !== null) this.#namespaces.split(alone);
    else {
      const others = this.ids.filter((id) => !alone.includes(id));
      await Promise.all(this.answering.map(({ id }) => this.#cut(id, alone.includes(id) ? others : alone)));
    }
  }

  /** What one sends to the other is lost, and not the other way round. */
  async splitOneWay(from: string, to: string): Promise<void> {
    if (this.#namespaces !== null) this.#namespaces.cutOneWay(from, to);
    else await this.#cut(from, [to]);
  }

  async heal(): Promise<void> {
    if (this.#namespaces !== null) this.#namespaces.healAll();
    else await Promise.all(this.answering.map(({ id }) => this.#cut(id, [])));
  }

  /** Asked where the first node is, since nodes may be reachable from each other alone. */
  verify(): Promise<Ran> {
    const [id = ''] = this.ids;
    const port = this.#nodes.get(id)?.ports.apiPort;
    const args = ['verify', '--all', '--node', `http://127.0.0.1:${port}`, '--data-dir', this.directory];
    return ended(program(args, {}, this.#namespaces?.places.get(id)?.wrapper));
  }

  async stop(keep: boolean): Promise<void> {
    this.#nodes.clear();
    await this.#site.stop({ keep });
    this.#namespaces?.remove();
  }

  async #cut(id: string, from: readonly string[]): Promise<void> {
    const peers = from.flatMap((other) => {
      const peer = parsePeerId(other);
      return peer.ok ? [peer.value] : [];
    });
    await askNode(join(this.directoryOf(id), 'control.sock'), { act: 'cut', peers });
  }
}
