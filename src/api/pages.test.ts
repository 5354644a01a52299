import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { LIMITS } from '../model/limits.ts';
import { readPages, WEB_DIRECTORY } from './pages.ts';
import * as schema from './schema.ts';
import { apiOn } from './testing.ts';

test('[AP15] the page stands at its three paths and at once says what a browser must not do with it', async () => {
  const { get } = await apiOn();

  for (const path of ['/', '/ui', '/dashboard']) {
    const response = await get(path);
    const policy = response.headers.get('content-security-policy') ?? '';

    expect(await response.text()).toContain('<title>Sensorium</title>');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
  }
});

test('[AP15] all that the page loads is served by the node, and nothing is loaded from elsewhere', async () => {
  const { get } = await apiOn();
  const loaded = [...(await webFiles())].flatMap(([, text]) =>
    [...text.matchAll(/(?:src|href)="([^"#]+)"|from '\.\/([^']+)'/g)].map(
      ([, url, module]) => url ?? `/assets/${module}`,
    ),
  );

  for (const url of new Set(loaded)) {
    expect(url).toMatch(/^\//);
    expect([url, (await get(url)).status]).toEqual([url, 200]);
  }
  expect(loaded.length).toBeGreaterThan(5);
});

test('[AP15] no path leads out of the folder', async () => {
  const { get } = await apiOn();

  for (const path of [
    '/assets/..%2fpackage.json',
    '/assets/%2e%2e/package.json',
    '/assets/',
    '/assets/index.html',
  ]) {
    expect([path, (await get(path)).status]).toEqual([path, 404]);
  }
});

test('[AP15] a file that is too large is refused at start, and what is no page is left out', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sensorium-web-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'index.html'), '<p>');
  await writeFile(join(directory, 'notes.txt'), 'private');

  const pages = await readPages(directory);
  await writeFile(join(directory, 'big.js'), 'x'.repeat(LIMITS.webFileBytesMax + 1));

  expect([...pages.keys()]).toEqual(['/', '/ui', '/dashboard']);
  await expect(readPages(directory)).rejects.toThrow('big.js');
});

test('[AP16] a sensor whose name is markup stays a text in every answer and in the page', async () => {
  const { get, say } = await apiOn();
  const name = '<img src=x onerror=alert(1)>';
  await say(name, '<b>bold</b>');

  const response = await get('/api/v1/latest');
  const rows = schema.latest.parse(await response.json());

  expect(rows[0]).toMatchObject({ sensor: name, value: '<b>bold</b>' });
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  const scripts = (await webFiles()).filter(([file]) => file.endsWith('.js'));
  for (const [file, text] of scripts) {
    expect([
      file,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/.test(text),
    ]).toEqual([file, false]);
  }
  // The browser itself refuses a text where markup is asked for.
  expect((await get('/')).headers.get('content-security-policy')).toContain(
    "require-trusted-types-for 'script'",
  );
});

async function webFiles(): Promise<[string, string][]> {
  const names = await readdir(WEB_DIRECTORY);
  return await Promise.all(
    names.map(
      async (name): Promise<[string, string]> => [name, await readFile(join(WEB_DIRECTORY, name), 'utf8')],
    ),
  );
}
