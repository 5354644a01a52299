// What may follow what on the command line, read from the commands themselves and from the table of options. The
// completions and the manual page are made of it. SPEC rules OP7, OP8.

import type { Command } from 'commander';
import { flagOf } from '../../config/option.ts';
import { GROUPS } from '../../config/options.ts';

export interface Word {
  readonly word: string;
  readonly help: string;
}

export interface Place {
  /** The commands before it: `order transfer`; empty at the beginning. */
  readonly path: string;
  /** How its arguments are written, as in help: `<sensor>`. */
  readonly usage: string;
  readonly help: string;
  readonly commands: readonly Word[];
  readonly flags: readonly (Word & { readonly takesValue: boolean })[];
  /** Words that an argument may be. */
  readonly choices: readonly string[];
  /** Whether it takes every option of a node as well. */
  readonly takesNodeOptions: boolean;
}

const NODE_FLAGS = ['config', 'env-file'];

export function placesOf(program: Command): readonly Place[] {
  return [placeOf(program, ''), ...program.commands.flatMap((command) => under(command, ''))];
}

export function nodeFlags(): Place['flags'] {
  const options = GROUPS.flatMap(({ options }) => options).map(({ name, help }) => ({
    word: flagOf(name),
    help,
    takesValue: true,
  }));
  const files = NODE_FLAGS.map((name) => ({
    word: `--${name}`,
    help: `Options in a file.`,
    takesValue: true,
  }));
  return [...options, ...files];
}

function under(command: Command, before: string): readonly Place[] {
  const path = before === '' ? command.name() : `${before} ${command.name()}`;
  return [placeOf(command, path), ...command.commands.flatMap((inner) => under(inner, path))];
}

function placeOf(command: Command, path: string): Place {
  return {
    path,
    usage: command.registeredArguments
      .map(
        (one) =>
          `${one.required ? '<' : '['}${one.name()}${one.variadic ? '...' : ''}${one.required ? '>' : ']'}`,
      )
      .join(' '),
    help: command.description(),
    commands: command.commands.map((inner) => ({ word: inner.name(), help: inner.description() })),
    flags: command.options.flatMap(({ long, description, required, optional }) =>
      long ? [{ word: long, help: description, takesValue: required || optional }] : [],
    ),
    choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    takesNodeOptions: NODE_COMMANDS.includes(path),
  };
}

/** Those that read the configuration of a node. */
const NODE_COMMANDS = ['node', 'config check', 'config show', 'doctor', 'bundle'];
