// `npm run soak -- [--for 2m]`: new seeds in the simulator until the time is over. A seed that fails ends it, with
// the command that replays it.

import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { prepare, ROOT } from './prepare.mjs';

const SEEDS_A_RUN = 100;
const UNITS = { s: 1_000, m: 60_000, h: 3_600_000 };

const deadline = Date.now() + durationMs(process.argv.slice(2));
prepare();
let seeds = 0;
while (Date.now() < deadline) {
  const first = randomInt(2 ** 31);
  const args = ['simulate', '--seed', String(first), '--seeds', String(SEEDS_A_RUN), '--nodes', '3-12'];
  const { status } = spawnSync(process.execPath, [join(ROOT, 'bin', 'sensorium'), ...args], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
  seeds += SEEDS_A_RUN;
}
console.log(`soak: ${seeds} seeds, 0 failures`);

function durationMs(args) {
  const at = args.indexOf('--for');
  const text = at < 0 ? '2m' : (args[at + 1] ?? '');
  const match = /^(\d+)([smh])$/.exec(text);
  if (!match) {
    console.error(`--for takes a duration like 90s, 2m or 1h, got ${JSON.stringify(text)}`);
    process.exit(2);
  }
  return Number(match[1]) * UNITS[match[2]];
}
