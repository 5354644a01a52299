// Holds code, spec and tests together, and files small.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const LINES_MAX = 400;
/** In each of these hides a second noun. The list gets no longer: who shortens a file takes it off. */
const LONG: readonly string[] = [];

const code = ['src', 'test', 'bench', 'scripts', 'web'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(tsx?|mjs|js)$/.test(path) && !path.includes('node_modules'))
    .map((path) => join(folder, path)),
);
const tests = code.filter((path) => /\.(test|contract)\.ts$/.test(path));
const spec = readFileSync(join(ROOT, 'docs/SPEC.md'), 'utf8');
const rules = new Set([...spec.matchAll(/^- \*\*([A-Z]{2}\d+)\*\*/gm)].map((match) => match[1] ?? ''));

test('there is code, there are tests and there are rules to hold together', () => {
  expect(code.length).toBeGreaterThan(100);
  expect(tests.length).toBeGreaterThan(30);
  expect(rules.size).toBeGreaterThan(50);
});

test('every rule of the spec has a test that names it', () => {
  const named = new Set(tests.flatMap((path) => rulesInTitles(read(path))));
  const untested = [...rules].filter((rule) => !named.has(rule));

  expect(untested).toEqual([]);
});

test('every rule that a test or a comment names is in the spec', () => {
  const unknown = code.flatMap((path) =>
    rulesCited(read(path))
      .filter((rule) => !rules.has(rule))
      .map((rule) => `${path}: ${rule}`),
  );

  expect(unknown).toEqual([]);
});

test(`no file is longer than ${LINES_MAX} lines, but for those that are known to be`, () => {
  const long = code.filter((path) => read(path).split('\n').length > LINES_MAX + 1);

  expect(long.filter((path) => !LONG.includes(path))).toEqual([]);
});

test('nothing is left for later in the code: what is missing is an issue', () => {
  const marks = new RegExp(['TO', 'DO|FIX', 'ME|X', 'XX'].join(''));
  const marked = code.filter((path) => marks.test(read(path)));

  expect(marked).toEqual([]);
});

test('no test is skipped without a reason, and none stands alone', () => {
  const switchedOff = tests.filter((path) => /\b(test|describe|it)\.(only|todo|skip)\b/.test(read(path)));

  expect(switchedOff).toEqual([]);
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** `[PR1] …` at the start of a test's title; a title may name several. */
function rulesInTitles(text: string): string[] {
  return [...text.matchAll(/['"`]((?:\[[A-Z]{2}\d+\]\s*)+)/g)].flatMap((match) =>
    [...(match[1] ?? '').matchAll(/[A-Z]{2}\d+/g)].map((rule) => rule[0]),
  );
}

/** In titles, and in comments as `(PR1)` or `(PR1, PR2)`. */
function rulesCited(text: string): string[] {
  const inComments = [...text.matchAll(/\/\/.*\(([A-Z]{2}\d+(?:, [A-Z]{2}\d+)*)\)/g)].flatMap((match) =>
    (match[1] ?? '').split(', '),
  );
  return [...rulesInTitles(text), ...inComments];
}
