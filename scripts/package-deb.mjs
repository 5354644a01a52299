// `node scripts/package-deb.mjs [--out DIR] [--fast]`: the Debian package of what is built here, for this processor:
// program, unit, options file, manual page and completions. --fast leaves it uncompressed. Needs dpkg-deb.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT } from './prepare.mjs';

const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };
const USER = 'sensorium';
const ENV_FILE = '/etc/sensorium/sensorium.env';

const args = process.argv.slice(2);
const out = args.includes('--out') ? args[args.indexOf('--out') + 1] : ROOT;
const { version, description } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const architecture = ARCHITECTURES[process.arch];
if (architecture === undefined || !existsSync(join(ROOT, 'dist/cli/main.js'))) {
  console.error(architecture ? 'build first: npm run build' : `no package is made for ${process.arch}`);
  process.exit(2);
}

const CONTROL = `Package: sensorium
Version: ${version}
Architecture: ${architecture}
Maintainer: Sensorium <sensorium@localhost>
Section: net
Priority: optional
Depends: nodejs (>= 20.19), adduser
Recommends: systemd
Suggests: mosquitto-clients
Description: peer-to-peer hub for sensor data on edge sites
 ${description}
 .
 One process on each machine of a site; any of them may die or be cut off.
`;
const ENV_TEXT = `# Options of this machine's node: NAME=VALUE. All of them: man sensorium
# After a change: sensorium config check --env-file ${ENV_FILE} && systemctl reload-or-restart sensorium

#SITE=sensorium
#NODE_ID=
#BOOTSTRAP_PEERS=
#CLUSTER_KEY=
`;
const COPYRIGHT = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: sensorium

Files: *
Copyright: the Sensorium authors
License: Apache-2.0
 On Debian systems the text of this licence is in /usr/share/common-licenses/Apache-2.0.
`;
const POSTINST = `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  adduser --system --group --home /var/lib/sensorium --no-create-home --quiet ${USER}
  chgrp ${USER} ${ENV_FILE} 2>/dev/null || true
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    # An upgrade goes on with what ran; a first installation waits for its options.
    [ -z "$2" ] || systemctl try-restart sensorium
  fi
  [ -n "$2" ] || echo "sensorium: set the options in ${ENV_FILE}, then: systemctl enable --now sensorium"
fi
`;
const PRERM = `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl disable --now sensorium || true
fi
`;
const POSTRM = `#!/bin/sh
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
if [ "$1" = purge ] && [ -d /var/lib/sensorium ]; then
  echo "sensorium: the readings stay in /var/lib/sensorium; remove that directory if nobody needs them"
fi
`;

const { unitText } = await import(join(ROOT, 'dist/cli/service/unit.js'));
const stage = mkdtempSync(join(tmpdir(), 'sensorium-deb-'));
try {
  putProgram();
  putSystem();
  putControl();
  mkdirSync(out, { recursive: true });
  const file = join(out, `sensorium_${version}_${architecture}.deb`);
  const compression = args.includes('--fast') ? ['-Znone'] : ['-Zxz'];
  execFileSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', stage, file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  console.log(file);
} finally {
  rmSync(stage, { recursive: true, force: true });
}

/** What the npm package holds, and the packages it needs as they are installed here. */
function putProgram() {
  const home = 'usr/lib/sensorium';
  const packed = mkdtempSync(join(tmpdir(), 'sensorium-pack-'));
  const tarball = execFileSync(
    'npm',
    ['pack', '--silent', '--ignore-scripts', '--pack-destination', packed],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  ).trim();
  mkdirSync(join(stage, home), { recursive: true });
  execFileSync('tar', ['-xzf', join(packed, tarball), '-C', join(stage, home), '--strip-components=1']);
  rmSync(packed, { recursive: true });

  const needed = execFileSync('npm', ['ls', '--omit=dev', '--omit=peer', '--all', '--parseable'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  for (const path of needed.split('\n').filter((line) => line.includes('/node_modules/'))) {
    cpSync(path, join(stage, home, relative(ROOT, path)), { recursive: true, dereference: true });
  }
  mkdirSync(join(stage, 'usr/bin'), { recursive: true });
  symlinkSync('../lib/sensorium/bin/sensorium', join(stage, 'usr/bin/sensorium'));
}

function putSystem() {
  put(
    'lib/systemd/system/sensorium.service',
    unitText({ program: ['/usr/bin/sensorium'], envFile: ENV_FILE, user: USER }),
  );
  put(ENV_FILE.slice(1), ENV_TEXT, 0o640);
  const said = (...words) =>
    execFileSync(process.execPath, [join(ROOT, 'bin/sensorium'), ...words], { encoding: 'utf8' });
  put('usr/share/man/man1/sensorium.1.gz', gzipSync(said('man'), { level: 9 }));
  put('usr/share/bash-completion/completions/sensorium', said('completion', 'bash'));
  put('usr/share/zsh/vendor-completions/_sensorium', said('completion', 'zsh'));
  put('usr/share/fish/vendor_completions.d/sensorium.fish', said('completion', 'fish'));
  put(
    'usr/share/doc/sensorium/changelog.gz',
    gzipSync(readFileSync(join(ROOT, 'CHANGELOG.md')), { level: 9 }),
  );
  put('usr/share/doc/sensorium/copyright', COPYRIGHT);
}

function putControl() {
  put('DEBIAN/control', CONTROL);
  put('DEBIAN/conffiles', `${ENV_FILE}\n`);
  put('DEBIAN/postinst', POSTINST, 0o755);
  put('DEBIAN/prerm', PRERM, 0o755);
  put('DEBIAN/postrm', POSTRM, 0o755);
}

function put(path, content, mode = 0o644) {
  const file = join(stage, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, mode);
}
