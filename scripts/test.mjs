// `npm test [-- vitest arguments]`: installs, compiles and runs every test that can run on this machine, and names
// those that cannot, with the reason.

import { bin, prepare, run } from './prepare.mjs';

prepare();
run(bin('vitest'), [
  'run',
  '--reporter=default',
  '--reporter=./scripts/skipped-reporter.mjs',
  ...process.argv.slice(2),
]);
