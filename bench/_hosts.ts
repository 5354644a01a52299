// Hosts for the programs under test: network namespaces on a bridge of their own, so that each has an address and
// a link that can be cut without a word. Where namespaces cannot be made (no root), all share loopback, and there
// is nothing to cut.

import { execFileSync, spawnSync } from 'node:child_process';

export interface BenchHost {
  readonly address: string;
  /** Put before a program to run it there. */
  readonly wrapper: readonly string[];
  /** Whether others share its address, so that ports must differ. */
  readonly shared: boolean;
  /** Everything sent to it or by it is lost from here on, without a word to anybody. */
  cut(): void;
  heal(): void;
}

const LOOPBACK: BenchHost = {
  address: '127.0.0.1',
  wrapper: [],
  shared: true,
  cut: () => {},
  heal: () => {},
};

/** Gone when this process ends, whatever ends it. */
export function makeHosts(count: number): readonly BenchHost[] {
  const { pid } = process;
  const bridge = `sb${pid}`;
  const net = `10.${200 + (pid % 50)}.${pid % 250}`;
  if (!succeeds('ip', ['link', 'add', bridge, 'type', 'bridge'])) {
    return Array.from({ length: count }, () => LOOPBACK);
  }
  const names = Array.from({ length: count }, (_, at) => `${bridge}-${at + 1}`);
  process.on('exit', () => {
    for (const name of names) spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    spawnSync('ip', ['link', 'del', bridge], { stdio: 'ignore' });
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

  ip('addr', 'add', `${net}.254/24`, 'dev', bridge);
  ip('link', 'set', bridge, 'up');
  return names.map((name, at) => {
    const address = `${net}.${at + 1}`;
    ip('netns', 'add', name);
    ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('link', 'set', name, 'master', bridge, 'up');
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    return {
      address,
      wrapper: ['ip', 'netns', 'exec', name],
      shared: false,
      // The host's own end stays up: its system notices nothing either.
      cut: () => ip('link', 'set', name, 'nomaster'),
      heal: () => ip('link', 'set', name, 'master', bridge),
    };
  });
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
