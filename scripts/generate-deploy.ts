// Writes deploy/compose/*.yml from the shipped topologies. A test fails when they are stale.

import { writeFileSync } from 'node:fs';
import { composeFile } from '../src/cli/cluster/compose.ts';
import { TOPOLOGY_NAMES, topologyNamed } from '../src/cli/cluster/topologies.ts';

for (const name of TOPOLOGY_NAMES) {
  const file = new URL(`../deploy/compose/${name}.yml`, import.meta.url);
  writeFileSync(file, composeFile({ name, plans: topologyNamed(name) }));
}
