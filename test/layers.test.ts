// Who may import whom. A file that is not listed may import nothing, and a check that saw no files fails.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '..', 'src');

const CORE = ['kit', 'model', 'wire', 'storage', 'protocol', 'peer', 'hub', 'sim'];

/** For each room of src/: the rooms it may import from (its own always), and the packages it may use. */
const MAY_IMPORT: {
  readonly [room: string]: { readonly rooms: readonly string[]; readonly packages: RegExp };
} = {
  kit: { rooms: [], packages: /^$/ },
  model: { rooms: ['kit'], packages: /^$/ },
  wire: { rooms: ['kit', 'model'], packages: /^$/ },
  storage: { rooms: ['kit', 'model', 'wire'], packages: /^$/ },
  protocol: { rooms: ['kit', 'model', 'wire'], packages: /^$/ },
  'protocol/membership': { rooms: ['kit', 'model', 'wire', 'protocol'], packages: /^$/ },
  'protocol/replication': { rooms: ['kit', 'model', 'wire', 'protocol'], packages: /^$/ },
  'protocol/election': { rooms: ['kit', 'model', 'wire', 'protocol'], packages: /^$/ },
  'protocol/ordering': { rooms: ['kit', 'model', 'wire', 'protocol'], packages: /^$/ },
  'protocol/relay': { rooms: ['kit', 'model', 'wire', 'protocol'], packages: /^$/ },
  peer: {
    rooms: [
      'kit',
      'model',
      'wire',
      'protocol',
      'protocol/membership',
      'protocol/replication',
      'protocol/election',
      'protocol/ordering',
      'protocol/relay',
    ],
    packages: /^$/,
  },
  hub: { rooms: ['kit', 'model', 'wire', 'peer'], packages: /^$/ },
  sim: {
    rooms: [
      'kit',
      'model',
      'wire',
      'storage',
      'protocol',
      'protocol/membership',
      'protocol/replication',
      'protocol/election',
      'protocol/ordering',
      'protocol/relay',
      'peer',
      'hub',
    ],
    packages: /^$/,
  },
  trust: { rooms: ['kit', 'model', 'wire'], packages: /^node:/ },
  host: {
    rooms: ['kit', 'model', 'wire', 'storage', 'protocol', 'peer', 'hub', 'trust'],
    packages: /^(node:|pino)/,
  },
  access: { rooms: ['kit', 'model', 'hub'], packages: /^node:/ },
  ingest: {
    rooms: ['kit', 'model', 'hub', 'config', 'access'],
    packages: /^(node:|modbus-serial|protobufjs|systeminformation|ws$)/,
  },
  api: { rooms: ['kit', 'model', 'hub', 'access'], packages: /^(node:|hono|@hono\/|zod|prom-client)/ },
  registry: { rooms: ['kit', 'model', 'hub'], packages: /^node:/ },
  alerts: { rooms: ['kit', 'model', 'hub', 'config'], packages: /^node:/ },
  control: { rooms: ['kit', 'model', 'hub', 'access'], packages: /^node:/ },
  history: { rooms: ['kit', 'model', 'wire', 'hub'], packages: /^(node:|@duckdb\/node-api)/ },
  sinks: {
    rooms: ['kit', 'model', 'hub', 'config'],
    packages: /^(node:|@duckdb\/node-api|pg$|@nats-io\/|mqtt$)/,
  },
  config: { rooms: ['kit', 'model'], packages: /^node:/ },
  cli: {
    rooms: [
      ...CORE,
      'protocol/membership',
      'protocol/replication',
      'protocol/election',
      'protocol/ordering',
      'host',
      'trust',
      'access',
      'ingest',
      'api',
      'control',
      'registry',
      'alerts',
      'history',
      'sinks',
      'config',
    ],
    packages: /^(node:|commander)/,
  },
};

interface Import {
  readonly file: string;
  readonly what: string;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
const sources = files.filter(
  (path) => !/\.(test|contract|d)\.ts$/.test(path) && !path.endsWith('/testing.ts'),
);

test('there are files to check, and each lies in a room that is listed', () => {
  const homeless = sources.filter((path) => roomOf(path) === null);

  expect(sources.length).toBeGreaterThan(50);
  expect(homeless).toEqual([]);
});

test('no file imports from a room or a package that its room may not use', () => {
  const imports = sources.flatMap(importsOf);
  const forbidden = imports
    .filter((one) => !isAllowed(one))
    .map(({ file, what }) => `${file} imports ${what}`);

  expect(imports.length).toBeGreaterThan(100);
  expect(forbidden).toEqual([]);
});

test('the pages take types from src/, and nothing that runs', () => {
  const pages = join(SRC, '..', 'web', 'src');
  const texts = readdirSync(pages, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path) && !path.includes('.test.'))
    .map((path) => withoutComments(readFileSync(join(pages, path), 'utf8')));
  const taken = texts.flatMap((text) => text.match(/^import [^;]*'(?:\.\.\/)+src\/[^']*'/gm) ?? []);

  expect(taken.length).toBeGreaterThan(10);
  expect(taken.filter((line) => !line.startsWith('import type '))).toEqual([]);
});

test('the core names no clock, timer, process or chance of its own', () => {
  const outside =
    /\b(Date\.now|new Date|Math\.random|setTimeout|setInterval|queueMicrotask|process\.(?:env|argv|exit|on|stdout|stderr|nextTick|hrtime)|console\.|Buffer\.|globalThis|localeCompare|toLocale\w+)\b/;
  const core = sources.filter((path) => CORE.includes(path.split('/')[0] ?? ''));
  const impure = core.filter((path) => outside.test(withoutComments(readFileSync(join(SRC, path), 'utf8'))));

  expect(core.length).toBeGreaterThan(30);
  expect(impure).toEqual([]);
});

function roomOf(path: string): string | null {
  const parts = dirname(path).split('/');
  for (let length = parts.length; length > 0; length--) {
    const room = parts.slice(0, length).join('/');
    if (room in MAY_IMPORT) return room;
  }
  return null;
}

function importsOf(file: string): Import[] {
  const text = withoutComments(readFileSync(join(SRC, file), 'utf8'));
  const found = text.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\()\s*['"]([^'"]+)['"]/g);
  return [...found].map((match) => ({ file, what: match[1] ?? '' }));
}

function isAllowed({ file, what }: Import): boolean {
  const room = roomOf(file);
  const rule = room === null ? undefined : MAY_IMPORT[room];
  if (room === null || rule === undefined) return false;
  if (!what.startsWith('.')) return rule.packages.test(what);
  const target = roomOf(relative(SRC, normalize(join(SRC, dirname(file), what))));
  return target === room || (target !== null && rule.rooms.includes(target));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}
