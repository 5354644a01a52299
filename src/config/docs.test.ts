import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { envExample, helpText, optionsPage } from './docs.ts';
import { readEnvFile } from './env.ts';
import { flagOf } from './option.ts';
import { OPTIONS } from './options.ts';

const ROOT = new URL('../../', import.meta.url);

test('[CF11] docs/options.md is what scripts/generate-docs.ts makes of the table', () => {
  expect(readFileSync(new URL('docs/options.md', ROOT), 'utf8')).toBe(optionsPage());
});

test('[CF11] .env.example is what scripts/generate-docs.ts makes of the table', () => {
  expect(readFileSync(new URL('.env.example', ROOT), 'utf8')).toBe(envExample());
});

test('[CF11] .env.example with every line in use is a file that is understood', () => {
  const used = envExample().replace(/^# ([A-Z0-9_]+=)/gm, '$1');

  const source = readEnvFile('.env.example', used);

  expect(source.problems).toEqual([]);
  expect(source.given.length).toBeGreaterThanOrEqual(Object.keys(OPTIONS).length);
});

test('[CF11] the help text and the page name every option', () => {
  for (const { name } of Object.values(OPTIONS)) {
    expect(helpText()).toContain(flagOf(name));
    expect(optionsPage()).toContain(`\`${name}\``);
  }
});
