import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { LIMITS } from '../model/limits.ts';
import { readPages, WEB_DIRECTORY } from './pages.ts';
import * as schema from './schema.ts';
import { apiOn } from './testing.ts';

const WEB_SOURCE = join(import.meta.dirname, '../../web');
const BUNDLE_BYTES_MAX = 150 * 1_024;

test('[AP15] the page stands at its three paths and at once says what a browser must not do with it', async () => {
  const { get } = await apiOn();

  for (const path of ['/', '/ui', '/dashboard']) {
    const response = await get(path);
    const policy = response.headers.get('content-security-policy') ?? '';

    expect(await response.text()).toContain('<title>Sensorium</title>');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('x-frame-options')).toBe('DENY');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
  }
});

test('[AP15] all that the page loads is served by the node, and nothing is loaded from elsewhere', async () => {
  const { get } = await apiOn();
  const index = await (await get('/')).text();
  const loaded = [...index.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, url]) => url ?? '');

  expect(loaded.length).toBeGreaterThan(2);
  for (const url of loaded) {
    const response = await get(url);
    expect(url).toMatch(/^\/assets\//);
    expect([url, response.status]).toEqual([url, 200]);
    expect(response.headers.get('cache-control')).toContain('immutable');
  }
});

test('[UI1] everything the page needs is no more than 150 kB as it travels', async () => {
  const names = await readdir(WEB_DIRECTORY, { recursive: true });
  const files = names.filter((name) => /\.(html|js|css|svg)$/.test(name));
  const sizes = await Promise.all(
    files.map(async (name) => gzipSync(await readFile(join(WEB_DIRECTORY, name))).length),
  );

  expect(files.length).toBeGreaterThan(3);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(BUNDLE_BYTES_MAX);
});

test('[UI1] a browser that takes gzip is given it, another one is not', async () => {
  const { get } = await apiOn();

  const zipped = await get('/', { headers: { 'accept-encoding': 'gzip, br' } });
  const plain = await get('/', { headers: { 'accept-encoding': 'identity' } });

  expect(zipped.headers.get('content-encoding')).toBe('gzip');
  expect(plain.headers.get('content-encoding')).toBeNull();
  expect(await zipped.text()).toBe(await plain.text());
});

test('[AP15] no path leads out of the folder', async () => {
  const { get } = await apiOn();

  for (const path of [
    '/assets/..%2fpackage.json',
    '/assets/%2e%2e/package.json',
    '/assets/',
    '/assets/index.html',
    '/index.html',
  ]) {
    expect([path, (await get(path)).status]).toEqual([path, 404]);
  }
});

test('[AP15] a file that is too large is refused at start, and what is no page is left out', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sensorium-web-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  await expect(readPages(directory)).rejects.toThrow('npm run build');
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
  const sources = (await readdir(WEB_SOURCE, { recursive: true })).filter((file) => /\.tsx?$/.test(file));
  expect(sources.length).toBeGreaterThan(10);
  for (const file of sources) {
    const text = await readFile(join(WEB_SOURCE, file), 'utf8');
    expect([file, MARKUP.test(text)]).toEqual([file, false]);
  }
  // The browser itself refuses a text where markup is asked for.
  expect((await get('/')).headers.get('content-security-policy')).toContain(
    "require-trusted-types-for 'script'",
  );
});

const MARKUP =
  /innerHTML|outerHTML|insertAdjacentHTML|dangerouslySet|document\.write|eval\(|new Function|srcdoc/i;
