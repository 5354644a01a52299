// Flags: `--port 9001`, `--port=9001`, `--insecure`, `--no-discovery`. A boolean flag takes the next word only
// where that is a boolean word. SPEC rule CF3.

import { quoted } from '../model/ids.ts';
import { FILE_FLAGS, type Given, type Source } from './given.ts';
import { BOOLEAN } from './kind.ts';
import { isKnown, nearest } from './names.ts';
import { flagOf, nameOf } from './option.ts';
import { OPTIONS } from './options.ts';

const FILE_NAMES: ReadonlySet<string> = new Set(Object.values(FILE_FLAGS));
const BOOLEAN_NAMES: ReadonlySet<string> = new Set(
  Object.values(OPTIONS)
    .filter(({ kind }) => kind === BOOLEAN)
    .map(({ name }) => name),
);

export function readFlags(args: readonly string[]): Source {
  const given: Given[] = [];
  const problems: string[] = [];
  let at = 0;
  while (at < args.length) {
    const word = args[at++] ?? '';
    if (!word.startsWith('--') || word.length === 2) {
      problems.push(`${quoted(word)} (command line): expected an option such as --port 9000`);
      continue;
    }
    const equals = word.indexOf('=');
    const key = equals < 0 ? word.slice(2) : word.slice(2, equals);
    const name = nameOf(key);
    const from = `flag --${key}`;
    const next = args[at];

    if (name.startsWith('NO_') && BOOLEAN_NAMES.has(name.slice(3)) && equals < 0) {
      given.push({ name: name.slice(3), text: 'false', from });
    } else if (!isKnown(name) && !FILE_NAMES.has(name)) {
      problems.push(unknownFlag(key, name));
      // What follows is most likely the value of the option that was meant.
      if (equals < 0 && next !== undefined && !next.startsWith('--')) at++;
    } else if (equals >= 0) {
      given.push({ name, text: word.slice(equals + 1), from });
    } else if (BOOLEAN_NAMES.has(name) && (next === undefined || BOOLEAN.parse(next.trim()) === undefined)) {
      given.push({ name, text: 'true', from });
    } else if (next === undefined || next.startsWith('--')) {
      problems.push(`--${key} (command line): a value must follow`);
    } else {
      given.push({ name, text: next, from });
      at++;
    }
  }
  return { given, problems };
}

function unknownFlag(key: string, name: string): string {
  const meant = nearest(name);
  const hint = meant === null ? 'see --help for all' : `did you mean ${flagOf(meant)}?`;
  return `${quoted(`--${key}`)} (command line): there is no such option, ${hint}`;
}
