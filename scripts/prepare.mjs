// Makes a checkout ready to run: installs what package-lock.json names and compiles src/ to dist/, each only when
// something changed since the last time. Uses nothing but Node, so that it works in a fresh clone.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const LOWEST_NODE = [20, 19];

/** Runs a program with the terminal as its own; ends this process with its code when it fails. */
export function run(command, args, options = {}) {
  const { status, error, signal } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
  if (error) {
    console.error(`${command} could not be started: ${error.message}`);
    process.exit(1);
  }
  if (status !== 0) process.exit(status ?? (signal ? 130 : 1));
}

export function bin(name) {
  return join(ROOT, 'node_modules', '.bin', name);
}

export function prepare() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < LOWEST_NODE[0] || (major === LOWEST_NODE[0] && minor < LOWEST_NODE[1])) {
    console.error(`Node ${LOWEST_NODE.join('.')} or newer is needed, this is ${process.versions.node}`);
    process.exit(1);
  }
  install();
  build();
}

function install() {
  const stamp = join(ROOT, 'node_modules', '.sensorium-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  console.error('installing dependencies');
  run('npm', ['ci', '--no-audit', '--no-fund'], { stdio: ['ignore', 2, 2] });
  writeFileSync(stamp, lock);
}

export function build() {
  const stamp = join(ROOT, 'dist', '.built');
  const inputs = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package.json'].map((path) =>
    join(ROOT, path),
  );
  if (existsSync(stamp) && Math.max(...inputs.map(newest)) < statSync(stamp).mtimeMs) return;
  console.error('compiling');
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  run(bin('tsc'), ['-p', 'tsconfig.build.json'], { stdio: ['ignore', 2, 2] });
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(stamp, '');
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((time, name) => Math.max(time, newest(join(path, name))), stat.mtimeMs);
}
