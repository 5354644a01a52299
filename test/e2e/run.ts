// Runs a command of the program to its end.

import { type ChildProcess, spawnSync } from 'node:child_process';
import { type Environment, program } from './site.ts';

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export async function run(args: readonly string[], environment: Environment = {}): Promise<Ran> {
  return ended(program(args, environment));
}

/** Everything a process says until it ends. */
export function ended(child: ChildProcess): Promise<Ran> {
  const said = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said.out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.err += text;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...said })));
}

/** Whether this machine has a program of that name. Some end with a code of their own when they are asked. */
export function has(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}
