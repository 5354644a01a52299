// A soak: a site of real processes under load is struck by random faults, one after the other and some at once, and is
// then held to account. Everything random comes from the seed; what the machine does meanwhile does not.
// SPEC rules WS17-WS19.

import { Random } from '../../../src/kit/random.ts';
import { until } from '../until.ts';
import type { Account } from './account.ts';
import { drawFault, FAULTS, type FaultName, isOfDisks, type Struck, strike } from './faults.ts';
import { type Drift, processAt, Resources } from './resources.ts';
import { accountOfSite, faultsOf, type View, wholeSite } from './settle.ts';
import { pause, SoakLoad } from './soak-load.ts';
import { SoakSite } from './soak-site.ts';

export interface SoakOptions {
  readonly seed: number;
  readonly faults: number;
  readonly nodes: number;
  readonly writers: number;
  /** Of a writer between two posts, on average. */
  readonly pauseMs: number;
  readonly kinds: readonly FaultName[];
  /** Over so long the faults are spread; 0: one after the other. */
  readonly forMs: number;
  /** The first so many nodes are never ended, so that what they hold can be watched. */
  readonly spared: number;
  readonly keepAlways: boolean;
  /** Where they can be made; links are cut inside the nodes elsewhere. */
  readonly inNamespaces: boolean;
  tell(line: string): void;
}

export interface SoakReport {
  readonly account: Account;
  readonly struck: { readonly [name: string]: number };
  /** From healing to the next commit: by fault. */
  readonly outagesMs: { readonly [name: string]: readonly number[] };
  readonly settledMs: readonly number[];
  /** Of the nodes that lived for long. */
  readonly drifts: readonly Drift[];
  readonly problems: readonly string[];
  readonly directory: string;
}

const HOLD_MS = 1_800;
const REST_MS = 500;
const COMMIT_MS = 90_000;
const SECOND_FAULT = 0.3;
const WAITS = 0.7;
const RSS_MB_MAX = 900;
const FILES_MAX = 400;
const LOOK_EVERY_MS = 5_000;

export class Soak {
  readonly #options: SoakOptions;
  readonly #random: Random;
  readonly #site: SoakSite;
  readonly #struck: { [name: string]: number } = {};
  readonly #outages: { [name: string]: number[] } = {};
  readonly #settled: number[] = [];
  readonly #problems: string[] = [];
  readonly #resources = new Resources();
  #load: SoakLoad | null = null;
  #count = 0;

  private constructor(options: SoakOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#site = new SoakSite(options.nodes, options.inNamespaces, options.spared);
  }

  /** The directories are kept when anything was wrong. */
  static async run(options: SoakOptions): Promise<SoakReport> {
    const soak = new Soak(options);
    let report: SoakReport | null = null;
    try {
      report = await soak.#run();
      return report;
    } finally {
      const isWrong = report === null || isBad(report);
      await Promise.all([soak.#site.stop(isWrong || options.keepAlways), soak.#load?.stop()]);
      if (isWrong) options.tell(`look at ${soak.#site.directory}: <node>.log, and each node's directory`);
    }
  }

  async #run(): Promise<SoakReport> {
    const { writers, pauseMs, faults, tell } = this.#options;
    const why = this.#site.whyNoNamespaces;
    tell(why === null ? 'links are cut between network namespaces' : `links are cut in the nodes: ${why}`);
    await this.#site.startAll();
    await this.#whole('the site begins');
    this.#load = new SoakLoad(this.#site, this.#random.fork(), writers, pauseMs);
    const startMs = performance.now();
    const looks = setInterval(() => void this.#look(), LOOK_EVERY_MS);
    try {
      while (this.#count < faults && this.#site.unexpected.length === 0) {
        await this.#fault(drawFault(this.#random, this.#options.kinds), false);
        const dueMs = startMs + (this.#count * this.#options.forMs) / faults;
        await pause(Math.max(this.#random.between(0, REST_MS), dueMs - performance.now()));
      }
    } finally {
      clearInterval(looks);
    }
    await this.#load.stop();
    const watermark = await this.#whole('the site is quiet');
    return this.#report(watermark);
  }

  async #fault(name: FaultName, isSecond: boolean): Promise<void> {
    const { tell } = this.#options;
    if (isOfDisks(name)) await this.#whole(`before ${name}`);
    const leader = await this.#leader();
    const struck = await strike(name, this.#site, leader, this.#random);
    if (struck === null) return;
    this.#count++;
    this.#struck[name] = (this.#struck[name] ?? 0) + 1;
    tell(`${isSecond ? '  and ' : ''}${this.#count} ${name}: ${struck.what}`);
    await this.#hold(name, struck, isSecond);
    if (isOfDisks(name)) await this.#whole(`after ${name}`);
  }

  async #hold(name: FaultName, struck: Struck, isSecond: boolean): Promise<void> {
    const random = this.#random;
    await pause(random.between(0, HOLD_MS));
    if (!isSecond && !isOfDisks(name) && random.chance(SECOND_FAULT)) {
      const kinds = this.#options.kinds.filter((kind) => !isOfDisks(kind));
      if (kinds.length > 0) await this.#fault(drawFault(random, kinds), true);
    }
    const healedMs = performance.now();
    await struck.heal();
    if (isSecond || !random.chance(WAITS)) return;
    const committedMs = await until(
      `a commit after ${name} (${struck.what})`,
      () => this.#load?.committedAfter(healedMs) ?? null,
      (atMs) => atMs !== null,
      COMMIT_MS,
    );
    const outage = Math.round((committedMs ?? healedMs) - healedMs);
    this.#outages[name] = [...(this.#outages[name] ?? []), outage];
  }

  async #whole(when: string): Promise<number> {
    const startMs = performance.now();
    const watermark = await wholeSite(this.#site, when, this.#load !== null && !this.#load.stopped);
    if (this.#load !== null) this.#settled.push(Math.round(performance.now() - startMs));
    return watermark;
  }

  async #leader(): Promise<string | null> {
    const views = await Promise.all(
      this.#site.answering.map((node) => node.get<View>('/api/v1/view').catch(() => null)),
    );
    return views.find((view) => view?.quorum && view.leader !== null)?.leader ?? null;
  }

  async #look(): Promise<void> {
    const { answering } = this.#site;
    for (const { id, pid } of answering) {
      const { rssMb = 0, files = 0 } = processAt(pid) ?? {};
      if (rssMb > RSS_MB_MAX) this.#problems.push(`${id} holds ${rssMb} MB of memory`);
      if (files > FILES_MAX) this.#problems.push(`${id} holds ${files} open files`);
    }
    await this.#resources.look(answering, (id) => this.#site.directoryOf(id));
  }

  async #report(watermark: number): Promise<SoakReport> {
    const { tell } = this.#options;
    tell(`${watermark} readings; looking at every one at every node`);
    const site = this.#site;
    const account = await accountOfSite(site, this.#load?.sent ?? [], watermark);
    const verified = await site.verify();
    if (verified.code !== 0) this.#problems.push(`verify --all: ${verified.out}${verified.err}`);
    this.#problems.push(...site.unexpected);
    const drifts = this.#resources.drifts();
    for (const { node, grown, early, late } of drifts) {
      for (const what of grown)
        this.#problems.push(`${node} grows: ${what} ${early[what]}, then ${late[what]}`);
    }
    return {
      account,
      struck: this.#struck,
      outagesMs: this.#outages,
      settledMs: this.#settled,
      drifts,
      problems: this.#problems,
      directory: site.directory,
    };
  }
}

export function isBad({ account, problems }: SoakReport): boolean {
  return faultsOf(account).length + problems.length > 0;
}

export const ALL_KINDS: readonly FaultName[] = FAULTS;
