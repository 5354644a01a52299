// Hosts of their own on one machine: network namespaces on a switch that can be cut in two. They need root and
// iproute2; where they cannot be made, `whyNoNamespaces` says why and the test is skipped by that reason.
//
//   ann ─┐                 ┌─ cat
//        ├─ left ══ right ─┤            each host also has a private wire to the test, which no node is told of
//   bob ─┘                 └─ dan

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { Place } from './site.ts';

/** Those of a run that was killed carry its process id, and the next run removes them. */
const PREFIX = 'sensorium-';
const NETWORK = '10.77.0';
/** A packet to this hardware address goes nowhere, without a word. */
const NOBODY = '02:00:00:00:00:99';

/** Null where namespaces can be made. */
export function whyNoNamespaces(): string | null {
  if (process.platform !== 'linux') return `network namespaces need Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const trial = `${PREFIX}${process.pid}-trial`;
  try {
    ip('netns', 'add', trial);
    ip('-n', trial, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', trial, 'link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'two');
    return null;
  } catch (error) {
    const words = error instanceof Error ? (error.message.split('\n').at(-2) ?? error.message) : '';
    return `network namespaces cannot be made: ${words.trim()}`;
  } finally {
    remove(trial);
  }
}

export class Namespaces {
  readonly places: ReadonlyMap<string, Place>;
  readonly #run = randomBytes(2).toString('hex');
  readonly #switch: string;
  readonly #hosts: readonly string[];
  readonly #end = () => this.remove();

  /** The first `left` hosts are on the left switch, the others on the right one. */
  constructor(hosts: readonly string[], left: number) {
    removeLeftOver();
    process.once('exit', this.#end);
    this.#hosts = hosts;
    this.#switch = this.#nameOf('switch');
    try {
      this.#makeSwitches();
      this.places = new Map(
        hosts.map((host, at) => [host, this.#makeHost(host, at + 1, at < left ? 'left' : 'right')]),
      );
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  addressOf(host: string): string {
    return `${NETWORK}.${this.#hosts.indexOf(host) + 1}`;
  }

  /** Cuts the wire between the two switches: what is sent across is lost in silence. */
  cut(): void {
    ip('-n', this.#switch, 'link', 'set', 'left-right', 'down');
  }

  heal(): void {
    ip('-n', this.#switch, 'link', 'set', 'left-right', 'up');
  }

  /** These hosts move to the left switch, all others to the right one, and the wire between them is cut. */
  split(alone: readonly string[]): void {
    for (const [at, host] of this.#hosts.entries()) {
      const bridge = alone.includes(host) ? 'left' : 'right';
      ip('-n', this.#switch, 'link', 'set', `port${at + 1}`, 'master', bridge);
    }
    this.cut();
  }

  /** What `from` sends to `to` is lost, and not the other way round. */
  cutOneWay(from: string, to: string): void {
    const neighbour = ['neigh', 'replace', this.addressOf(to), 'lladdr', NOBODY, 'dev', 'eth0'];
    ip('-n', this.#nameOf(from), ...neighbour, 'nud', 'permanent');
  }

  healOneWay(from: string, to: string): void {
    ip('-n', this.#nameOf(from), 'neigh', 'del', this.addressOf(to), 'dev', 'eth0');
  }

  /** Every host reaches every other one again. */
  healAll(): void {
    this.heal();
    for (const host of this.#hosts) {
      ip('-n', this.#nameOf(host), 'neigh', 'flush', 'dev', 'eth0', 'nud', 'permanent');
    }
  }

  remove(): void {
    process.removeListener('exit', this.#end);
    for (const name of [...this.#hosts.map((host) => this.#nameOf(host)), this.#switch]) remove(name);
  }

  #nameOf(host: string): string {
    return `${PREFIX}${process.pid}-${this.#run}-${host}`;
  }

  #makeSwitches(): void {
    const name = this.#switch;
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'add', 'left-right', 'type', 'veth', 'peer', 'name', 'right-left');
    for (const [bridge, wire] of [
      ['left', 'left-right'],
      ['right', 'right-left'],
    ] as const) {
      ip('-n', name, 'link', 'add', bridge, 'type', 'bridge');
      ip('-n', name, 'link', 'set', bridge, 'up');
      ip('-n', name, 'link', 'set', wire, 'master', bridge);
      ip('-n', name, 'link', 'set', wire, 'up');
    }
  }

  #makeHost(host: string, number: number, bridge: 'left' | 'right'): Place {
    const name = this.#nameOf(host);
    const port = `port${number}`;
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', port, 'netns', this.#switch);
    ip('-n', name, 'addr', 'add', `${NETWORK}.${number}/24`, 'brd', '+', 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    // Without it, broadcasts have no route.
    ip('-n', name, 'route', 'add', 'default', 'dev', 'eth0');
    ip('-n', this.#switch, 'link', 'set', port, 'master', bridge);
    ip('-n', this.#switch, 'link', 'set', port, 'up');
    return {
      wrapper: ['ip', 'netns', 'exec', name],
      peerHost: this.addressOf(host),
      testHost: this.#wireToTest(name, number),
    };
  }

  /** A pair of addresses that is not routed anywhere else, drawn for this run (RFC 2544's range). */
  #wireToTest(name: string, number: number): string {
    const third = Number.parseInt(this.#run.slice(0, 2), 16);
    const [mine, its] = [`198.18.${third}.${number * 4 + 1}`, `198.18.${third}.${number * 4 + 2}`];
    const wire = `se${this.#run}${number}`;
    ip('link', 'add', wire, 'type', 'veth', 'peer', 'name', 'test', 'netns', name);
    ip('addr', 'add', `${mine}/30`, 'dev', wire);
    ip('link', 'set', wire, 'up');
    ip('-n', name, 'addr', 'add', `${its}/30`, 'dev', 'test');
    ip('-n', name, 'link', 'set', 'test', 'up');
    return its;
  }
}

function removeLeftOver(): void {
  for (const line of ip('netns', 'list').split('\n')) {
    const [name = ''] = line.split(' ');
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (pid > 0 && pid !== process.pid && !isRunning(pid)) remove(name);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The wires of a namespace go with it. */
function remove(name: string): void {
  try {
    ip('netns', 'del', name);
  } catch {
    // It was never made, or is gone already.
  }
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
