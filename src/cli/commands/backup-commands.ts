// `sensorium backup` copies all that a running node keeps, as it was at one moment; `sensorium restore` puts that where a
// node can start from it. SPEC rules SK22-SK24.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { askNode } from '../../control/control-client.ts';
import { checkTarget, takeBackup } from '../backup/backup.ts';
import { restore } from '../backup/restore.ts';
import { EXIT, Failure } from '../failure.ts';
import { ProgressBar } from '../progress-bar.ts';
import { type NodeChoice, socketPath } from '../socket-path.ts';

interface BackupOptions extends NodeChoice {
  readonly json?: true;
}

interface RestoreOptions {
  readonly dataDir: string;
  readonly json?: true;
}

export function addBackupCommands(program: Command): void {
  program
    .command('backup <directory>')
    .description('copy all that a running node of this machine keeps, as it is at one moment')
    .option('--data-dir <path>', 'DATA_DIR of the node', process.env.DATA_DIR ?? 'data')
    .option('--node-id <id>', 'which node, where several keep their data there')
    .option('--json', 'print JSON')
    .action(backup);
  program
    .command('restore <directory>')
    .description('put a backup where a node can start from it')
    .option('--data-dir <path>', 'DATA_DIR under which the node is to be', process.env.DATA_DIR ?? 'data')
    .option('--json', 'print JSON')
    .action(restoreTo);
}

async function backup(directory: string, options: BackupOptions): Promise<void> {
  const target = resolve(directory);
  await checkTarget(target);
  const answer = await askNode(socketPath(options), { act: 'freeze' }).catch((cause: unknown) => {
    throw new Failure(cause instanceof Error ? cause.message : String(cause), EXIT.failed, { cause });
  });
  if (!answer.ok) throw new Failure(answer.problem);
  if (!('frozen' in answer)) throw new Failure('the node gave another answer');
  const bar = new ProgressBar('backup', 'bytes');
  const taken = await takeBackup(answer.frozen, target, (at, of) => bar.show(at, of)).finally(() =>
    bar.end(),
  );
  const { node, group, watermark, files } = taken;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const what = { directory: target, node, group, watermark, files: files.length, bytes };
  process.stdout.write(
    options.json
      ? `${JSON.stringify(what)}\n`
      : `${target}: ${node} up to ${group ?? 'no group'}:${watermark}, ${files.length} files\n`,
  );
}

async function restoreTo(directory: string, { dataDir, json }: RestoreOptions): Promise<void> {
  const bar = new ProgressBar('restore', 'bytes');
  const { manifest, found } = await restore(resolve(directory), dataDir, (at, of) =>
    bar.show(at, of),
  ).finally(() => bar.end());
  const { node, group, watermark, taken } = manifest;
  if (json) {
    process.stdout.write(`${JSON.stringify({ node, group, watermark, taken, found })}\n`);
    return;
  }
  const lines = [
    `${node} as it was at ${taken}, with readings up to ${group ?? 'no group'}:${watermark}`,
    ...found.map((finding) => `repaired: ${finding}`),
    `where others of its site run: start it, and it joins them as another disk`,
    `where nothing else is left:   sensorium recover ${node} --data-dir ${dataDir} --commit, then start it`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
