// The environment and env-files: NAME=VALUE. An environment is full of names that are not ours, so unknown ones
// are ignored there, except of the form SENSOR_<i>_…; in a file every name is ours. SPEC rules CF4, CF5.

import { quoted } from '../model/ids.ts';
import type { Given, Source } from './given.ts';
import { isKnown, nearest, parseSensorName } from './names.ts';
import { nameOf } from './option.ts';

export interface Environment {
  readonly [name: string]: string | undefined;
}

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_-]*)\s*=(.*)$/;
const DOUBLE_QUOTED = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/;
const SINGLE_QUOTED = /^'([^']*)'\s*(?:#.*)?$/;
const ESCAPES: { readonly [letter: string]: string | undefined } = { n: '\n', r: '\r', t: '\t' };

export function readEnvironment(environment: Environment): Source {
  const given: Given[] = [];
  const problems: string[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (text === undefined) continue;
    if (isKnown(name)) given.push({ name, text, from: 'environment' });
    else if (parseSensorName(name) !== null) problems.push(unknownName(name, name, 'environment'));
  }
  return { given, problems };
}

/** `path` only names the file in problems. */
export function readEnvFile(path: string, content: string): Source {
  const given: Given[] = [];
  const problems: string[] = [];
  const lines = content.replace(/^\ufeff/, '').split(/\r\n?|\n/);
  for (const [index, line] of lines.entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const from = `${path}:${index + 1}`;
    const match = LINE.exec(line);
    const key = match?.[1];
    if (key === undefined) {
      problems.push(`${from}: expected NAME=VALUE or a # comment, got ${quoted(line.trim())}`);
      continue;
    }
    const text = unquoted((match?.[2] ?? '').trim());
    const name = nameOf(key);
    if (!isKnown(name)) problems.push(unknownName(key, name, from));
    else if (text === null) problems.push(`${name} (${from}): a quote is opened and not closed at the end`);
    else given.push({ name, text, from });
  }
  return { given, problems };
}

export function unknownName(key: string, name: string, from: string): string {
  const meant = nearest(name);
  const hint = meant === null ? 'see docs/options.md for all' : `did you mean ${meant}?`;
  return `${quoted(key)} (${from}): there is no such option, ${hint}`;
}

function unquoted(text: string): string | null {
  if (text.startsWith('"')) {
    const inner = DOUBLE_QUOTED.exec(text)?.[1];
    return inner === undefined ? null : inner.replace(/\\(.)/g, (_, letter) => ESCAPES[letter] ?? letter);
  }
  if (text.startsWith("'")) return SINGLE_QUOTED.exec(text)?.[1] ?? null;
  // A # begins a comment only after a space, so that bed1/#2 stays whole.
  return text.replace(/(?:^|\s)#.*$/, '').trim();
}
