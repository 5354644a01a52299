// `npm run soak -- [--for 2m]`: new seeds in the simulator until the time is over. A seed that fails ends it, with
// the command that replays it.
// `npm run soak -- --faults 200 [--for 30m] [--spare 2] [--nodes 5] [--seed S] [--only kill,rot] [--keep]`: a site of real processes under load,
// struck by random faults and then held to account; test/e2e/soak/ is the program.
// `npm run soak -- --fuzz [--for 10m] [--only mqtt,entries] [--seed N] [--keep]`: every decoder is given spoilt bytes,
// each for so long; test/fuzz/ is the program.
// `npm run soak -- --mutations [--for 10m] [--seed 1] [--only NAME,…]`: each broken variant of the order in random seeds,
// until one catches it; test/mutations/ is the program.
// `npm run soak -- --crowd 10000 [--tls]`: so many connections at once to each listener of a node, which goes on serving;
// test/e2e/soak/crowd.ts is the program.

import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { bin, prepare, ROOT, run } from './prepare.mjs';

const SEEDS_A_RUN = 100;
const UNITS = { s: 1_000, m: 60_000, h: 3_600_000 };

const args = process.argv.slice(2);
if (args.includes('--faults')) {
  prepare();
  run(bin('tsx'), [join('test', 'e2e', 'soak', 'main.ts'), ...args]);
} else if (args.includes('--crowd')) {
  prepare();
  run(bin('tsx'), [join('test', 'e2e', 'soak', 'crowd.ts'), ...args]);
} else if (args.includes('--fuzz')) {
  run(bin('tsx'), [join('test', 'fuzz', 'main.ts'), ...args]);
} else if (args.includes('--mutations')) {
  run(bin('tsx'), [join('test', 'mutations', 'main.ts'), ...args]);
} else simulate(durationMs(args));

function simulate(forMs) {
  const deadline = Date.now() + forMs;
  prepare();
  let seeds = 0;
  while (Date.now() < deadline) {
    const first = randomInt(2 ** 31);
    const given = ['simulate', '--seed', String(first), '--seeds', String(SEEDS_A_RUN), '--nodes', '3-12'];
    const { status } = spawnSync(process.execPath, [join(ROOT, 'bin', 'sensorium'), ...given], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exit(status ?? 1);
    seeds += SEEDS_A_RUN;
  }
  console.log(`soak: ${seeds} seeds, 0 failures`);
}

function durationMs(given) {
  const at = given.indexOf('--for');
  const text = at < 0 ? '2m' : (given[at + 1] ?? '');
  const match = /^(\d+)([smh])$/.exec(text);
  if (!match) {
    console.error(`--for takes a duration like 90s, 2m or 1h, got ${JSON.stringify(text)}`);
    process.exit(2);
  }
  return Number(match[1]) * UNITS[match[2]];
}
