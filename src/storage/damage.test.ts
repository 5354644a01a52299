// Bytes that rot, files that vanish, sectors that cannot be read: what is left must be right, and what is lost said.

import { expect, test } from 'vitest';
import { must } from '../kit/assert.ts';
import { crc32 } from '../kit/crc32.ts';
import { Random } from '../kit/random.ts';
import { viewOf } from './fields.ts';
import type { Finding } from './finding.ts';
import { COPY_BYTES } from './superblock-copy.ts';
import { ann, bob, FIRST, SECOND, SMALL, StoreInTest, textOf, textsOf } from './testing.ts';

test('[ST8] a group that a crash interrupted is cut and reported, also with whole records behind the gap', () => {
  const shapes = new Set<string>();
  for (let seed = 1; seed <= 200; seed++) {
    const machine = usedBy(6);
    machine.append('first of the group');
    machine.queue.step();
    for (let i = 0; i < 4; i++) machine.append('y'.repeat(400));
    while (machine.disk.names.length > 0 && machine.queue.length > 0 && machine.acknowledgedN < 7)
      machine.queue.step();

    machine.crash(new Random(seed));
    const { report, recovered, tailUnknown } = machine.open();

    machine.verify();
    expect(tailUnknown).toBe(false);
    expect(report.filter(({ kind }) => kind === 'damaged')).toEqual([]);
    shapes.add(`${report.map(({ kind }) => kind).join()} ${textsOf(recovered, FIRST).size}`);
  }

  expect([...shapes].some((shape) => shape.startsWith('torn'))).toBe(true);
  expect(shapes.size).toBeGreaterThan(3);
});

test('[ST9] what was cut is zeros, so that it never comes back', () => {
  let cuts = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const machine = usedBy(3);
    machine.append('y'.repeat(1_200));

    machine.crash(new Random(seed));
    const { report } = machine.open();

    for (const finding of report) {
      if (finding.kind !== 'torn') continue;
      const rest = machine.disk.content(finding.file)?.subarray(finding.offset);
      expect(rest?.every((byte) => byte === 0)).toBe(true);
      cuts++;
    }
  }

  expect(cuts).toBeGreaterThan(5);
});

for (let seed = 1; seed <= 8; seed++) {
  test(`[ST10] one flipped bit anywhere loses nothing in silence and nothing that is whole (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let turn = 0; turn < 60; turn++) {
      const machine = usedBy(40, random);
      if (random.chance(0.5)) machine.close();
      else machine.rest();
      machine.disk.kill();
      const name = random.pick(machine.disk.names);
      const size = must(machine.disk.content(name), 'the file is there').length;
      machine.disk.flipBit(name, random.below(Math.min(size, 3_000)), random.below(8));

      const first = machine.open();
      machine.verify();
      const lost = first.report.flatMap(lostIn);
      expect(lost.length).toBeLessThanOrEqual(3);
      machine.disk.kill();
      const second = machine.open();

      // Until a later identity is taken, an end that is not known stays one.
      expect(second.tailUnknown).toBe(first.tailUnknown);
      if (!first.tailUnknown) expect(second.report).toEqual([]);
      expect(textsOf(second.recovered, FIRST)).toEqual(textsOf(first.recovered, FIRST));
    }
  });
}

test('[ST10] many flipped bits never give back a reading that nobody wrote', () => {
  const random = new Random(99);
  for (let turn = 0; turn < 200; turn++) {
    const machine = usedBy(30, random);
    machine.close();
    machine.disk.kill();
    const logs = machine.disk.names.filter((name) => name.startsWith('outbox'));
    for (let flips = random.below(12); flips >= 0; flips--) {
      machine.disk.flipBit(random.pick(logs), random.below(4_096), random.below(8));
    }

    machine.open();

    machine.verify();
  }
});

test('[ST10] the damaged segment is set aside byte for byte, and the log goes on', () => {
  const machine = usedBy(4);
  machine.rest();
  machine.disk.flipBit('outbox-00000001.log', 150, 3);
  const damaged = machine.disk.content('outbox-00000001.log');

  const { report } = machine.open();
  machine.append('afterwards');
  machine.queue.runAll();

  expect(report).toEqual([
    {
      kind: 'damaged',
      file: 'outbox-00000001.log',
      offset: 64,
      why: 'a check sum is wrong',
      identity: FIRST,
      fromN: 1,
      toN: 1,
    },
  ]);
  expect(machine.disk.content('damaged-outbox-00000001.log')).toEqual(damaged);
  expect(machine.acknowledged.get(5)).toBe('afterwards');
  machine.disk.kill();
  expect([...textsOf(machine.open().recovered, FIRST).keys()]).toEqual([2, 3, 4, 5]);
  expect(machine.report).toEqual([]);
});

test('[ST10] a segment that is gone in the middle is reported once, with what it held', () => {
  const machine = usedBy(60);
  machine.rest();
  machine.disk.remove('outbox-00000002.log', () => {});
  machine.queue.runAll();
  machine.disk.kill();

  const { report, tailUnknown } = machine.open();

  machine.verify();
  expect(report.length).toBe(1);
  expect(report[0]).toMatchObject({
    kind: 'damaged',
    file: 'outbox-00000002.log',
    why: 'the file is missing',
  });
  expect(tailUnknown).toBe(false);
  machine.disk.kill();
  expect(machine.open().report).toEqual([]);
});

test('[ST10] an old copy of a segment that comes back is damage, and nothing is there twice', () => {
  const machine = usedBy(60);
  machine.rest();
  machine.disk.kill();
  const first = must(machine.disk.content('outbox-00000001.log'), 'the log is there').slice();
  viewOf(first).setUint32(12, 2, true);
  viewOf(first).setUint32(4, crc32(first, 8, 64, 0), true);
  machine.disk.open('outbox-00000002.log', (file) => {
    if (file.ok) file.value.write(0, first, () => {});
  });
  machine.queue.runAll();

  const { report, recovered } = machine.open();

  machine.verify();
  expect(report).toMatchObject([{ kind: 'damaged', why: 'it repeats what stands before it' }]);
  const ns = (recovered?.batches ?? []).flatMap(({ records }) => records.map(({ n }) => n));
  expect(ns).toEqual([...new Set(ns)].sort((a, b) => a - b));
});

test('[ST11] when the last segment is gone, nobody knows the last n, and that is remembered', () => {
  const machine = usedBy(60);
  machine.close();
  for (const name of machine.disk.names.filter((name) => name.startsWith('outbox')).slice(-2)) {
    machine.disk.remove(name, () => {});
  }
  machine.queue.runAll();
  machine.disk.kill();

  expect(machine.open().tailUnknown).toBe(true);
  machine.verify();
  machine.disk.kill();
  expect(machine.open().tailUnknown).toBe(true);
  expect(() => machine.append('no')).toThrow('not continued');

  machine.saveIdentity(SECOND);
  machine.append('a life of its own');
  machine.queue.runAll();
  machine.disk.kill();
  const { tailUnknown, recovered } = machine.open();
  expect(tailUnknown).toBe(false);
  expect(textsOf(recovered, SECOND)).toEqual(new Map([[1, 'a life of its own']]));
  expect(textsOf(recovered, FIRST).size).toBeGreaterThan(0);
});

test('[ST11] a log that became zeros is not taken for an empty one', () => {
  const machine = usedBy(5);
  machine.close();
  machine.disk.create('outbox-00000001.log', 4_096, () => {});
  machine.queue.runAll();
  machine.disk.kill();

  const { report, tailUnknown } = machine.open();

  expect(tailUnknown).toBe(true);
  expect(report[0]).toMatchObject({ kind: 'damaged', fromN: 1 });
});

test('[ST11] after a clean end the superblock proves what the log itself does not', () => {
  const machine = usedBy(3);
  for (let i = 0; i < 4; i++) machine.append(`group of three ${i}`);
  machine.close();
  machine.disk.kill();
  const torn = must(machine.disk.content('outbox-00000001.log'), 'the log is there');
  const third = torn.length - 1 - torn.toReversed().findIndex((byte) => byte !== 0) - 230;
  machine.disk.flipBit('outbox-00000001.log', third, 0);

  const { report } = machine.open();

  machine.verify();
  expect(report.map(({ kind }) => kind)).toEqual(['damaged']);
  expect([...machine.acknowledged.keys()].at(-1)).toBe(7);
});

test('[ST11] a tail that the disk does not give is damage, not an interrupted write', () => {
  const machine = usedBy(2);
  machine.fault = (operation, name) =>
    operation === 'read' && name === 'outbox-00000001.log' ? 'broken' : null;
  machine.disk.kill();

  const { report, tailUnknown } = machine.open();

  expect(tailUnknown).toBe(true);
  expect(report[0]).toMatchObject({ kind: 'damaged', why: 'the disk does not give these bytes' });
});

test('[ST13] either copy of the superblock may rot, and nothing is forgotten', () => {
  for (const copy of [0, 1]) {
    const machine = usedBy(3);
    machine.store.saveHardState({ identity: FIRST, incarnation: 17 }, () => {});
    machine.queue.runAll();
    machine.disk.kill();
    machine.disk.flipBit('superblock', copy * COPY_BYTES + 40, 0);

    const { recovered, report } = machine.open();

    expect(recovered?.hardState).toEqual({ identity: FIRST, incarnation: 17 });
    expect(report).toEqual([{ kind: 'superblock-copy', copy }]);
    machine.disk.kill();
    expect(machine.open().report).toEqual([]);
  }
});

test('[ST13] with both copies bad the readings are kept and the identity is given up', () => {
  const machine = usedBy(3);
  machine.disk.kill();
  for (const copy of [0, 1]) machine.disk.flipBit('superblock', copy * COPY_BYTES + 40, 0);

  const { recovered, report, tailUnknown } = machine.open();

  expect(report).toEqual([{ kind: 'superblock-lost' }]);
  expect(recovered?.hardState).toEqual({ identity: FIRST, incarnation: 0 });
  expect(tailUnknown).toBe(true);
  machine.verify();
});

test('[ST14] the directory of another node is refused and left as it is', () => {
  const machine = usedBy(3);
  machine.disk.kill();
  const before = contents(machine);
  const other = new StoreInTest({ ...SMALL, node: bob }, () => machine.disk);

  other.begin();
  machine.queue.runAll();

  expect(other.problem).toEqual({ kind: 'other-node', found: ann, expected: bob });
  expect(contents(machine)).toEqual(before);
});

for (const name of ['superblock', 'outbox-00000001.log', 'snapshot']) {
  test(`[ST14] a later format of ${name} is refused and left as it is`, () => {
    const machine = usedBy(3);
    machine.snapshot();
    machine.queue.runAll();
    machine.disk.kill();
    makeLater(machine, name);
    const before = contents(machine);

    machine.begin();
    machine.queue.runAll();

    expect(machine.problem).toEqual({ kind: 'newer-format', found: 2, supported: 1 });
    expect(contents(machine)).toEqual(before);
  });
}

test('[ST15] a snapshot that cannot be read is reported and set aside, not taken for none', () => {
  const machine = usedBy(12);
  machine.snapshot();
  machine.queue.runAll();
  machine.append('after the snapshot');
  machine.queue.runAll();
  machine.disk.kill();
  machine.disk.flipBit('snapshot', 40, 1);

  const { recovered, report } = machine.open();

  expect(report).toEqual([{ kind: 'damaged', file: 'snapshot', offset: 16, why: 'a check sum is wrong' }]);
  expect(recovered?.snapshot).toBe(null);
  expect(textsOf(recovered, FIRST).get(13)).toBe('after the snapshot');
  expect(machine.disk.names).toContain('damaged-snapshot');
});

/** A store that acknowledged so many readings, one a group. */
function usedBy(readings: number, random = new Random(5)): StoreInTest {
  const machine = new StoreInTest();
  machine.open();
  machine.saveIdentity(FIRST);
  for (let i = 0; i < readings; i++) {
    machine.append(textOf(random));
    machine.queue.runAll();
  }
  return machine;
}

/** Writes the format of the next version, with check sums that are right. */
function makeLater(machine: StoreInTest, name: string): void {
  const bytes = must(machine.disk.content(name), 'the file is there').slice();
  const view = viewOf(bytes);
  const [at, crcAt, from, to] =
    name === 'superblock'
      ? [8, 4, 8, view.getUint32(20, true)]
      : name === 'snapshot'
        ? [4, 8, 0, 8]
        : [8, 4, 8, 64];
  view.setUint32(at, 2, true);
  view.setUint32(crcAt, crc32(bytes, from, to, 0), true);
  machine.disk.open(name, (file) => {
    if (file.ok) file.value.write(0, bytes, () => {});
  });
  machine.queue.runAll();
}

function lostIn(finding: Finding): number[] {
  if (finding.kind !== 'damaged' || finding.fromN === undefined || finding.toN === undefined) return [];
  return Array.from({ length: finding.toN - finding.fromN + 1 }, (_, at) => (finding.fromN ?? 0) + at);
}

function contents(machine: StoreInTest): Map<string, Uint8Array | null> {
  return new Map(machine.disk.names.map((name) => [name, machine.disk.content(name)]));
}
