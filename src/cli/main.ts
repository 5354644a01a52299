// The program: one command a task. SPEC rules CL1-CL3.

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { addAlertCommands } from './commands/alert-commands.ts';
import { addBackupCommands } from './commands/backup-commands.ts';
import { addBundleCommand } from './commands/bundle-command.ts';
import { addClusterCommands } from './commands/cluster-commands.ts';
import { addCompletionCommand } from './commands/completion-command.ts';
import { addConfigCommand } from './commands/config-command.ts';
import { addDeviceCommands } from './commands/device-commands.ts';
import { addDoctorCommand } from './commands/doctor-command.ts';
import { addDrillCommand } from './commands/drill-command.ts';
import { addExportCommands } from './commands/export-commands.ts';
import { addForgetCommand } from './commands/forget-command.ts';
import { addHistoryCommands } from './commands/history-commands.ts';
import { addNodeCommand } from './commands/node-command.ts';
import { addOrderCommands } from './commands/order-commands.ts';
import { addReadCommands } from './commands/read-commands.ts';
import { addRecoverCommand } from './commands/recover-command.ts';
import { addSensorCommands } from './commands/sensor-commands.ts';
import { addServiceCommand } from './commands/service-command.ts';
import { addSinkCommands } from './commands/sink-commands.ts';
import { addTopCommand } from './commands/top-command.ts';
import { addTrustCommands } from './commands/trust-commands.ts';
import { addVerifyCommand } from './commands/verify-command.ts';
import { EXIT, Failure } from './failure.ts';
import { simulateCommand } from './simulate.ts';

const UNTIL_STOPPED = ['node', 'cluster', 'demo'];
const LAST_WORDS_MS = 200;

const program = new Command('sensorium')
  .description('Every node takes readings, every node has all of them.')
  .version(version(), '--version', 'print the version')
  .exitOverride()
  .configureHelp({ showGlobalOptions: false });

addNodeCommand(program);
addBackupCommands(program);
addClusterCommands(program);
addReadCommands(program);
addDeviceCommands(program);
addDrillCommand(program);
addExportCommands(program);
addForgetCommand(program);
addHistoryCommands(program);
addOrderCommands(program);
addRecoverCommand(program);
addAlertCommands(program);
addSensorCommands(program);
addSinkCommands(program);
addTrustCommands(program);
addVerifyCommand(program);
simulateCommand(program);
addConfigCommand(program);
addTopCommand(program);
addDoctorCommand(program);
addBundleCommand(program);
addServiceCommand(program);
// The last: it knows those before it.
addCompletionCommand(program);
for (const command of program.commands) {
  command.exitOverride();
  for (const inner of command.commands) inner.exitOverride();
}

try {
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
// What was said arrives first; whatever else is still under way has nobody left who waits for it. (HO4)
await Promise.race([Promise.all([said(process.stdout), said(process.stderr)]), patience()]);
process.exit();

/** Who reads page by page is waited for; a node that is stopped does not wait for who has stopped reading its log. */
function patience(): Promise<void> {
  const isStopped = UNTIL_STOPPED.includes(process.argv[2] ?? '');
  return new Promise((over) => {
    if (isStopped) setTimeout(over, LAST_WORDS_MS);
  });
}

/** Writes come in order, so an empty one is done when all before it are; also where nobody reads any more. */
function said(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((done) => {
    if (stream.destroyed || !stream.writable) done();
    else stream.write('', () => done());
  });
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Failure) {
    process.stderr.write(`sensorium: ${error.message}\n`);
    return error.exitCode;
  }
  // Commander has already said what was wrong, or shown the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  process.stderr.write(
    `sensorium: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return EXIT.internal;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
