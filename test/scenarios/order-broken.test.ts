// Each broken variant of the protocol fails a script that the sound protocol passes.

import { expect, test } from 'vitest';
import { MUTATION_NAMES, MUTATIONS } from '../../src/sim/order/mutations.ts';
import { played } from '../../src/sim/order/script.ts';
import { BROKEN } from '../../src/sim/order/scripts/broken.ts';

for (const name of MUTATION_NAMES) {
  test(`[SM45] a protocol that ${name} is caught by its script, and the sound one passes it`, () => {
    const sound = played(BROKEN[name], null);
    const broken = played(BROKEN[name], name);

    expect(sound.problems).toEqual([]);
    expect(broken.problems.map(({ checker }) => checker)).toContain(MUTATIONS[name].caughtBy);
  });
}
