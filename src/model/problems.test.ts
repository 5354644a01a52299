import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { PROBLEM_CODES, PROBLEMS, problemOf } from './problems.ts';

test('[AP3] every problem of the table is documented with its status and title, and no other', async () => {
  const page = await readFile(new URL('../../docs/problems.md', import.meta.url), 'utf8');

  const documented = [...page.matchAll(/^\| `([a-z-]+)` +\| (\d+) +\| ([^|]+) \|/gm)].map(
    ([, code, status, title]) => [code, Number(status), title?.trim()],
  );

  const expected = PROBLEM_CODES.map((code) => [code, PROBLEMS[code].status, PROBLEMS[code].title]);
  expect(documented).toEqual(expected);
  expect(documented.length).toBeGreaterThan(5);
});

test('[AP3] a problem names its code, its status and what was wrong this time', () => {
  expect(problemOf('bad-query', 'limit is a whole number')).toEqual({
    type: 'urn:sensorium:problem:bad-query',
    title: 'The query is not understood',
    status: 400,
    code: 'bad-query',
    detail: 'limit is a whole number',
  });
});
