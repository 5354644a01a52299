// MQTT clients that nobody here wrote, as processes: Mosquitto's, Python's paho, and collectd.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ended, has, type Ran } from './run.ts';

const PYTHON = '/usr/bin/python3';

export function hasMosquittoClients(): boolean {
  // It says its version and ends with 1.
  return runs('sh', ['-c', 'command -v mosquitto_pub && command -v mosquitto_sub']);
}

export function hasMosquitto(): boolean {
  return runs('sh', ['-c', 'command -v mosquitto || test -x /usr/sbin/mosquitto']);
}

export function hasPaho(): boolean {
  return runs(PYTHON, ['-c', 'import paho.mqtt.client']);
}

export async function publish(
  port: number,
  topic: string,
  payload: string,
  flags: readonly string[] = [],
): Promise<Ran> {
  const args = ['-h', '127.0.0.1', '-p', String(port), '-t', topic, '-m', payload, ...flags];
  return ended(spawn('mosquitto_pub', args));
}

/** What mosquitto_sub prints until it has `count` messages. */
export async function received(
  port: number,
  filter: string,
  count: number,
  flags: readonly string[] = [],
): Promise<Ran> {
  return ended(subscriber(port, filter, count, flags));
}

/** A subscriber that is subscribed when this resolves. */
export async function subscribed(port: number, filter: string, count: number, flags: readonly string[] = []) {
  const child = subscriber(port, filter, count, ['-d', ...flags]);
  const end = ended(child);
  await new Promise<void>((resolve) => {
    let text = '';
    child.stdout?.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('Subscribed')) resolve();
    });
    child.once('close', () => resolve());
  });
  const lines = end.then(({ out }) =>
    out.split('\n').filter((line) => line !== '' && !/^(?:Client|Subscribed)/.test(line)),
  );
  return { lines };
}

export function broker(configFile: string): ChildProcess {
  const script = 'exec $(command -v mosquitto || echo /usr/sbin/mosquitto) -c "$0"';
  const child = spawn('sh', ['-c', script, configFile]);
  // It does not end by itself when a test is given up.
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

/** Which collectd there is; its plugin for MQTT needs the library that Mosquitto's clients come with. */
export function collectdProgram(): string | null {
  if (!hasMosquittoClients()) return null;
  return ['collectd', '/usr/sbin/collectd'].find(has) ?? null;
}

/** In a directory of its own, in which it leaves what it keeps. */
export function collectd(program: string, directory: string, config: string): ChildProcess {
  const file = join(directory, 'collectd.conf');
  writeFileSync(file, config);
  const child = spawn(program, ['-f', '-C', file], { stdio: 'ignore' });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

/** A program of paho, told the port. */
export async function paho(program: string, port: number): Promise<Ran> {
  return ended(spawn(PYTHON, ['-c', program, String(port)]));
}

function subscriber(port: number, filter: string, count: number, flags: readonly string[]): ChildProcess {
  const args = [
    '-h',
    '127.0.0.1',
    '-p',
    String(port),
    '-t',
    filter,
    '-C',
    String(count),
    '-W',
    '15',
    ...flags,
  ];
  // On a pipe it would keep its words to itself until it ends.
  return spawn('stdbuf', ['-oL', 'mosquitto_sub', ...args]);
}

function runs(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
