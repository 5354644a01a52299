// `sensorium bundle`: what somebody who helps needs to see, in one archive: options, findings, what the node says, the end
// of its log. No readings, and no secrets. SPEC rule OP6.

import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { cpus, release, totalmem, uptime } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Command } from 'commander';
import { describe } from '../../config/config.ts';
import { askApi } from '../ask-api.ts';
import { redactor } from '../bundle/redact.ts';
import { tar } from '../bundle/tar.ts';
import { findingsText } from '../doctor/finding.ts';
import { EXIT, Failure } from '../failure.ts';
import { loadedOr, withNodeOptions } from './config-command.ts';
import { examine, ownUrl } from './doctor-command.ts';

const LOG_BYTES_MAX = 5_242_880;
const LISTED_FILES_MAX = 10_000;
const ANSWER_MS = 5_000;
const ANSWER_BYTES_MAX = 5_242_880;
/** What a node says of itself and its site, and not of sensors. */
const PATHS: readonly (readonly [string, string])[] = [
  ['healthz.json', '/healthz'],
  ['readyz.json', '/readyz'],
  ['members.json', '/api/v1/members'],
  ['view.json', '/api/v1/view'],
  ['topology.json', '/api/introspection/topology'],
  ['events.json', '/api/introspection/events'],
  ['metrics.txt', '/metrics'],
];

interface BundleOptions {
  readonly node?: string;
  readonly out?: string;
  readonly json?: true;
}

export function addBundleCommand(program: Command): void {
  withNodeOptions(program.command('bundle'))
    .description(
      'support data in one archive: options, doctor, members, metrics, log; no readings, no secrets',
    )
    .option('--node <url>', 'read API of the node to ask; without it the one that these options would start')
    .option('--out <file>', 'where it goes; sensorium-bundle-<time>.tar.gz without it')
    .action(async (options: BundleOptions, command: Command) => {
      const { config, settings, secrets } = loadedOr(command.args);
      const url = options.node ?? ownUrl(config);
      const texts = new Map([
        ['about.json', about(program.version() ?? '')],
        ['config.txt', describe(settings)],
        ['doctor.txt', findingsText(await examine(config, url))],
        ['files.txt', listing(config.dataDir)],
        ...(await said(url)),
        ...logs(config.logFile),
      ]);
      const file =
        options.out ?? `sensorium-bundle-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.tar.gz`;
      write(file, texts, redactor(secrets));
      process.stdout.write(
        options.json ? `${JSON.stringify({ file, contains: [...texts.keys()] })}\n` : `${file}\n`,
      );
    });
}

function write(file: string, texts: ReadonlyMap<string, string>, redact: (text: string) => string): void {
  const files = [...texts].map(([name, text]) => ({
    name: `sensorium-bundle/${name}`,
    content: Buffer.from(`${redact(text)}\n`),
  }));
  try {
    writeFileSync(file, gzipSync(tar(files, Date.now() / 1_000)), { mode: 0o600 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure(`--out ${file}: cannot be written: ${why}`, EXIT.usage, { cause });
  }
}

function about(version: string): string {
  const { platform, arch, versions } = process;
  const machine = {
    platform,
    arch,
    release: release(),
    cpus: cpus().length,
    memory: totalmem(),
    uptimeS: uptime(),
  };
  return JSON.stringify({ version, at: new Date().toISOString(), machine, versions }, null, 2);
}

/** What cannot be asked is said in its place. */
async function said(url: string): Promise<readonly (readonly [string, string])[]> {
  return Promise.all(
    PATHS.map(async ([name, path]) => {
      try {
        const answer = await askApi(new URL(path, url).href, { signal: AbortSignal.timeout(ANSWER_MS) });
        return [`node/${name}`, (await answer.text()).slice(0, ANSWER_BYTES_MAX)] as const;
      } catch (cause) {
        return [
          `node/${name}`,
          `${path} cannot be asked: ${cause instanceof Error ? cause.message : String(cause)}`,
        ] as const;
      }
    }),
  );
}

/** Names and sizes of what the node keeps; nothing of what stands in it. */
function listing(directory: string): string {
  if (!existsSync(directory)) return `${resolve(directory)} is not there`;
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .slice(0, LISTED_FILES_MAX);
  const lines = names.map((name) => {
    const stat = statSync(join(directory, name), { throwIfNoEntry: false });
    return stat ? `${String(stat.size).padStart(14)}  ${stat.mtime.toISOString()}  ${name}` : `gone  ${name}`;
  });
  return [resolve(directory), ...lines].join('\n');
}

function logs(file: string | null): readonly (readonly [string, string])[] {
  if (file === null)
    return [['log.txt', 'LOG_FILE is not set: look at the journal or the output of the container']];
  const there = [file, `${file}.1`].filter((path) => existsSync(path));
  return there.map((path, number) => [number === 0 ? 'log.txt' : `log.${number}.txt`, tail(path)]);
}

function tail(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, LOG_BYTES_MAX));
    const read = readSync(file, bytes, 0, bytes.byteLength, size - bytes.byteLength);
    return bytes.toString('utf8', 0, read);
  } finally {
    closeSync(file);
  }
}
