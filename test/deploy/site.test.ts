import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '../..');
const DIGEST = `ghcr.io/somebody/sensorium@sha256:${'0123456789abcdef'.repeat(4)}`;

test('[DE6] the documentation site has a page for every document, and every link in it leads somewhere', () => {
  const out = mkdtempSync(join(tmpdir(), 'sensorium-site-'));
  const documents = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.md'),
  );

  const { status, stderr } = spawnSync(process.execPath, ['scripts/docs-site.mjs', '--out', out], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const missing = documents.filter((path) => !existsSync(join(out, 'docs', path.replace(/\.md$/, '.html'))));
  const first = readFileSync(join(out, 'index.html'), 'utf8');
  rmSync(out, { recursive: true });

  expect([status, stderr]).toEqual([0, '']);
  expect(documents.length).toBeGreaterThan(10);
  expect(missing).toEqual([]);
  expect(first).toContain('<h1');
  expect(first).not.toContain('<script');
});

test('[DE7] workflows ask for no rights but where a job needs them, and publish on version tags and main alone', () => {
  const directory = join(ROOT, '.github/workflows');
  const files = readdirSync(directory);

  for (const file of files) {
    const text = readFileSync(join(directory, file), 'utf8');
    const workflow: Workflow = parse(text);
    expect(workflow.permissions, file).toEqual({ contents: 'read' });
    expect(Object.keys(workflow.jobs).length, file).toBeGreaterThan(0);
    for (const [name, job] of Object.entries(workflow.jobs)) {
      expect(job.steps.length, `${file} ${name}`).toBeGreaterThan(0);
      for (const { run = '' } of job.steps) {
        // What others wrote (titles, branches) must not become a command.
        expect(run, `${file} ${name}`).not.toMatch(/\$\{\{\s*github\.(event|head_ref)/);
        for (const [, script = ''] of run.matchAll(/node (scripts\/\S+)/g))
          expect(existsSync(join(ROOT, script))).toBe(true);
      }
      const writes = Object.values(job.permissions ?? {}).includes('write');
      if (writes && workflow.on !== undefined && 'pull_request' in workflow.on) {
        expect(text, `${file} ${name}`).toContain("github.event_name != 'pull_request'");
      }
    }
  }
  const release: Workflow = parse(readFileSync(join(directory, 'release.yml'), 'utf8'));
  expect(release.on).toEqual({ push: { tags: ['v*.*.*'] } });
  expect(files.length).toBeGreaterThan(3);
});

test('[DE7] the bundle of a release has every compose file pinned to the digest of the image', () => {
  const out = mkdtempSync(join(tmpdir(), 'sensorium-bundle-'));

  const made = spawnSync(process.execPath, ['scripts/bundle-compose.mjs', '--image', DIGEST, '--out', out], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  const text = spawnSync('tar', ['-xzOf', made.stdout.trim()], { encoding: 'utf8' }).stdout;
  const loose = spawnSync(process.execPath, ['scripts/bundle-compose.mjs', '--image', 'sensorium:latest'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  rmSync(out, { recursive: true });

  expect(made.status).toBe(0);
  expect(text.split(`\${SENSORIUM_IMAGE:-${DIGEST}}`)).toHaveLength(5);
  expect(text).not.toContain('sensorium:latest');
  expect(text).toContain('CLUSTER_KEY=');
  expect(loose.status).toBe(2);
});

interface Workflow {
  readonly on?: { readonly [event: string]: unknown };
  readonly permissions?: unknown;
  readonly jobs: { readonly [name: string]: Job };
}

interface Job {
  readonly permissions?: { readonly [scope: string]: string };
  readonly steps: readonly { readonly run?: string }[];
}
