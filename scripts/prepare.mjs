// Makes a checkout ready to run: installs what package-lock.json names, compiles src/ to dist/ and bundles web/ to
// dist/web/, each only when something changed since the last time. Uses nothing but Node, so that it works in a fresh clone.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const DIST = join(ROOT, 'dist');
/** What of it the compiler does not make. */
const WEB_OUTPUT = ['web', '.built-web'];

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
  // A linked directory is another checkout's: an installation would empty it under its feet.
  if (lstatSync(join(ROOT, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) return;
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
  if (isOlder('.built', ['src', 'tsconfig.json', 'tsconfig.build.json', 'package.json'])) compile();
  if (isOlder('.built-web', ['web', 'package.json'])) bundle();
}

function compile() {
  console.error('compiling');
  mkdirSync(DIST, { recursive: true });
  for (const name of readdirSync(DIST)) {
    if (!WEB_OUTPUT.includes(name)) rmSync(join(DIST, name), { recursive: true });
  }
  run(bin('tsc'), ['-p', 'tsconfig.build.json'], { stdio: ['ignore', 2, 2] });
  writeFileSync(join(DIST, '.built'), '');
}

function bundle() {
  console.error('bundling the pages');
  run(bin('vite'), ['build', 'web', '--logLevel', 'warn'], { stdio: ['ignore', 2, 2] });
  writeFileSync(join(DIST, '.built-web'), '');
}

function isOlder(stampName, inputs) {
  const stamp = join(DIST, stampName);
  if (!existsSync(stamp)) return true;
  return Math.max(...inputs.map((path) => newest(join(ROOT, path)))) >= statSync(stamp).mtimeMs;
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((time, name) => Math.max(time, newest(join(path, name))), stat.mtimeMs);
}
