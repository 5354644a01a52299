// `sensorium config check|show`: what a node would make of these flags, files and this environment. SPEC rule OP1.

import type { Command } from 'commander';
import { describe, type Loaded, loadConfig } from '../../config/config.ts';
import { EXIT, Failure } from '../failure.ts';

interface ConfigOptions {
  readonly json?: true;
}

export function addConfigCommand(program: Command): void {
  const config = program
    .command('config')
    .description('what a node would make of its options; starts nothing');
  withNodeOptions(config.command('check'))
    .description('say ok, or everything that is wrong, and end with 2')
    .action((options: ConfigOptions, command: Command) => {
      const { settings, notes } = loadedOr(command.args);
      if (options.json) print(JSON.stringify({ ok: true, options: settings.length, notes }));
      else print([...notes, `ok: ${settings.length} options make sense together`].join('\n'));
    });
  withNodeOptions(config.command('show'))
    .description('show each value and where it came from, secrets masked')
    .action((options: ConfigOptions, command: Command) => {
      const { settings } = loadedOr(command.args);
      print(options.json ? JSON.stringify(settings) : describe(settings));
    });
}

/** A command that takes every option of a node beside its own. */
export function withNodeOptions(command: Command): Command {
  return command.allowUnknownOption().allowExcessArguments().option('--json', 'print JSON');
}

export function loadedOr(args: readonly string[]): Loaded {
  const loaded = loadConfig(args, process.env);
  if (!loaded.ok) throw new Failure(loaded.problem.join('\nsensorium: '), EXIT.usage);
  return loaded.value;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
