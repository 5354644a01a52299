// `node scripts/bundle-compose.mjs --image NAME@sha256:… [--out DIR]`: the compose files pinned to one image by its digest,
// with an example of the environment and how to use them, as one archive.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './prepare.mjs';

const args = process.argv.slice(2);
const argument = (flag) => (args.includes(flag) ? args[args.indexOf(flag) + 1] : undefined);
const image = argument('--image') ?? '';
const out = argument('--out') ?? ROOT;
if (!/^[\w./:-]+@sha256:[0-9a-f]{64}$/.test(image)) {
  console.error(`--image is a name with a digest, NAME@sha256:…, got ${JSON.stringify(image)}`);
  process.exit(2);
}

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const name = `sensorium-compose-${version}`;
const stage = mkdtempSync(join(tmpdir(), 'sensorium-bundle-'));
try {
  const directory = join(stage, name);
  mkdirSync(directory);
  const source = join(ROOT, 'deploy/compose');
  for (const file of readdirSync(source).filter((one) => one.endsWith('.yml'))) {
    writeFileSync(join(directory, file), pinned(readFileSync(join(source, file), 'utf8')));
  }
  cpSync(join(source, 'env.example'), join(directory, '.env.example'));
  writeFileSync(join(directory, 'README.md'), usage());
  mkdirSync(out, { recursive: true });
  const archive = join(out, `${name}.tar.gz`);
  execFileSync('tar', ['-czf', archive, '-C', stage, name]);
  console.log(archive);
} finally {
  rmSync(stage, { recursive: true, force: true });
}

/** Nothing is built from it, and the digest counts unless another image is named. */
function pinned(text) {
  return text
    .replace('SENSORIUM_IMAGE:-sensorium:latest}', `SENSORIUM_IMAGE:-${image}}`)
    .replace(/^#.*docker build.*\n/m, '')
    .replaceAll('deploy/compose/', '');
}

function usage() {
  return `# Sensorium ${version} with Docker Compose

The image is pinned: \`${image}\`.

\`\`\`
cp .env.example .env
sed -i "s/^CLUSTER_KEY=.*/CLUSTER_KEY=$(openssl rand -hex 32)/" .env
docker compose -f base.yml up -d --wait
\`\`\`

Two nodes, pages on http://127.0.0.1:10000 and http://127.0.0.1:10001. \`6.yml\` and \`12.yml\` are a smart city with bad
links, \`demo.yml\` four nodes for the story of stopping and starting. \`docker compose -f base.yml down --volumes\` ends it
and removes its data.
`;
}
