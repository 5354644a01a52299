// The config file: one JSON object whose keys are the environment's names, in any case and with - for _.
// A value is a string, number or boolean, or a list of those for an option with commas. SPEC rules CF4, CF5.

import { quoted } from '../model/ids.ts';
import { unknownName } from './env.ts';
import type { Given, Source } from './given.ts';
import { isKnown } from './names.ts';
import { nameOf } from './option.ts';

/** `path` only names the file in problems. */
export function readConfigFile(path: string, content: string): Source {
  const given: Given[] = [];
  const problems: string[] = [];
  const root = parsed(content);
  if (typeof root === 'string') return { given, problems: [`${path}: is not JSON: ${root}`] };
  if (root.entries === null) {
    return { given, problems: [`${path}: must hold one JSON object, such as {"PORT": 9000}`] };
  }

  const seen = new Map<string, string>();
  for (const [key, value] of root.entries) {
    const name = nameOf(key);
    const text = textOf(value);
    const earlier = seen.get(name);
    if (!isKnown(name)) problems.push(unknownName(key, name, path));
    else if (earlier !== undefined) {
      problems.push(`${name} (${path}): is there twice, as ${quoted(earlier)} and ${quoted(key)}`);
    } else if (text === null) {
      problems.push(`${name} (${path}): must be a string, number, boolean or list of those`);
    } else given.push({ name, text, from: path });
    seen.set(name, key);
  }
  return { given, problems };
}

function parsed(content: string): { readonly entries: readonly [string, unknown][] | null } | string {
  try {
    const root: unknown = JSON.parse(content.replace(/^\ufeff/, ''));
    const isObject = typeof root === 'object' && root !== null && !Array.isArray(root);
    return { entries: isObject ? Object.entries(root) : null };
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

function textOf(value: unknown): string | null {
  if (Array.isArray(value)) {
    const items = value.map((item) => (Array.isArray(item) ? null : textOf(item)));
    return items.includes(null) ? null : items.join(',');
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : null;
}
