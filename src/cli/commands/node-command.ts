// `sensorium node`: one node in the foreground, until SIGTERM or SIGINT. SIGHUP has it read its configuration again.
// SPEC rules CL1-CL3, HO4, OP2, OP9.

import type { Command } from 'commander';
import { describe, type Loaded, loadConfig } from '../../config/config.ts';
import { helpText } from '../../config/docs.ts';
import { changesBetween } from '../../config/reload.ts';
import { EXIT, Failure } from '../failure.ts';
import { Node } from '../node.ts';
import { ServiceManager } from '../service-manager.ts';

/** Flags of the command itself; all others are options of the node. */
const PRINT_CONFIG = '--print-config';
const UNTIL_STDIN_ENDS = '--until-stdin-ends';
/** Lets the parent of a local cluster cut this node off from others. */
const DRILLS = '--drills';
const HELP = /^(-h|--help)$/;

const USAGE = `Usage: sensorium node [options]

Starts one node and runs it until SIGTERM or Ctrl-C. Options come from flags, the environment, --env-file and
--config, in this order of precedence. On SIGHUP it reads them again, takes up what can be taken up while it runs, says
what waits for the next start, and opens its log file anew.

  ${PRINT_CONFIG}      show each option's value and where it came from, and start nothing
  ${UNTIL_STDIN_ENDS}  stop when standard input ends, too`;

export function addNodeCommand(program: Command): void {
  program
    .command('node')
    .description('start one node (sensorium node --help shows every option)')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (_options: unknown, command: Command) => {
      await runNode(command.args);
    });
}

async function runNode(args: readonly string[]): Promise<void> {
  if (args.some((arg) => HELP.test(arg))) {
    process.stdout.write(`${USAGE}\n\n${helpText()}\n`);
    return;
  }
  const own = [PRINT_CONFIG, UNTIL_STDIN_ENDS, DRILLS];
  const given = args.filter((arg) => !own.includes(arg));
  const load = () => loadConfig(given, process.env);
  const loaded = load();
  if (!loaded.ok) throw new Failure(loaded.problem.join('\nsensorium: '), EXIT.usage);
  if (args.includes(PRINT_CONFIG)) {
    process.stdout.write(`${describe(loaded.value.settings)}\n`);
    return;
  }
  await serve(loaded.value, load, args.includes(UNTIL_STDIN_ENDS), args.includes(DRILLS));
}

/** Resolves when the node was asked to stop and has stopped; rejects when it could not go on. */
async function serve(
  loaded: Loaded,
  load: () => ReturnType<typeof loadConfig>,
  untilStdinEnds: boolean,
  drills: boolean,
): Promise<void> {
  let stop = () => {};
  const asked = new Promise<void>((resolve) => {
    stop = resolve;
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  let reload = () => {};
  // A terminal that is closed takes its programs with it.
  process.on('SIGHUP', () => (process.stdin.isTTY ? stop() : reload()));
  if (untilStdinEnds) process.stdin.on('end', stop).on('error', stop).resume();
  // A look-up of a name can't be called off, and a process ends no sooner than it: where the name server is silent
  // (five seconds, and once more, by default), it is given up in time for HO4. Peers are dialled again anyway.
  process.env.RES_OPTIONS ??= 'timeout:1 attempts:1';

  const manager = new ServiceManager(process.env);
  const node = await Node.start(loaded.config, { drills });
  for (const note of loaded.notes) node.log.warn(note);
  let current = loaded;
  reload = () => {
    current = reloaded(node, current, load());
  };
  manager.ready('all listeners answer');
  process.on('uncaughtException', (error) => {
    node.log.error('broken promise of the program to itself', { why: error.stack ?? error.message });
    process.stderr.write(`sensorium: ${error.stack ?? error.message}\n`);
    process.exit(EXIT.internal);
  });
  try {
    await Promise.race([asked, node.failed]);
  } finally {
    // A peer that can't be heard any more must not keep the process: what is stored is on the disk.
    if (untilStdinEnds) process.stdin.destroy();
    manager.stopping();
    await node.stop();
  }
}

/** A configuration that makes no sense changes nothing. (OP2) */
function reloaded(node: Node, before: Loaded, loaded: ReturnType<typeof loadConfig>): Loaded {
  if (!loaded.ok) {
    for (const problem of loaded.problem) node.log.error('the configuration is not taken up', { problem });
    return before;
  }
  const { taken, waiting } = changesBetween(before, loaded.value);
  node.reload(loaded.value.config);
  node.log.always('configuration read again', { taken: taken.join(' '), after_a_restart: waiting.join(' ') });
  return { ...loaded.value, settings: before.settings.map((old) => newer(old, taken, loaded.value)) };
}

/** What waits for the next start is told again by the next reload. */
function newer(old: Loaded['settings'][number], taken: readonly string[], { settings }: Loaded) {
  return (taken.includes(old.name) && settings.find(({ name }) => name === old.name)) || old;
}
