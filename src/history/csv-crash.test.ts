import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Random } from '../kit/random.ts';
import { CsvWriter } from './csv-writer.ts';
import { csvIn, feed, Order, temporaryDirectory, written } from './testing.ts';

// A crash leaves the cursor of some checkpoint, since that is replaced as a whole; of each file all that was synced
// before it; and of what was appended later any beginning, to the byte, or, where the machine lost its power, any
// part of it with zeros in between. All such states of one file are tried, with a drawn state of all others.

test('[HI5] whatever a crash leaves at whichever byte, the files are continued without a lost or a double row', () => {
  const { order, right, sure, all, cursor, places } = crashed();
  const random = new Random(11);
  const directory = temporaryDirectory();
  let states = 0;

  for (const name of Object.keys(all)) {
    const from = sure[name]?.length ?? 0;
    const whole = all[name] ?? Buffer.alloc(0);
    for (let length = from; length <= whole.length; length++) {
      const state = Object.fromEntries(
        Object.entries(all).map(([other, bytes]) => {
          const least = sure[other]?.length ?? 0;
          const upto = other === name ? length : least + random.below(bytes.length - least + 1);
          const isHollow = random.below(3) === 0;
          return [
            other,
            isHollow ? hollowed(bytes.subarray(0, upto), least, random) : bytes.subarray(0, upto),
          ];
        }),
      );
      lay(directory, state, sure, cursor, places);
      states++;

      const files = written(directory, order);

      expect(files).toEqual(right);
    }
  }

  expect(states).toBeGreaterThan(1_000);
});

test('[HI5] a crash while a start cuts and writes again is a crash like any other', () => {
  const { order, right, all, sure, cursor, places } = crashed();
  const random = new Random(12);
  const directory = temporaryDirectory();

  for (let round = 0; round < 60; round++) {
    lay(directory, all, sure, cursor, places);
    let upto = 9;
    for (let crash = 0; crash < 3; crash++) {
      const again = new CsvWriter(directory, false);
      upto += random.below(6);
      feed(again, order, upto);
      again.write();
      if (random.below(2) === 0) again.checkpoint();
    }

    expect(written(directory, order)).toEqual(right);
  }
});

test('[HI9] a crash around a trim ends in the same files', () => {
  const random = new Random(13);
  const order = new Order();
  for (let i = 1; i <= 30; i++) {
    order.batch(['a', i], [`b${i % 3}`, i]);
    // Just over half of the rows: whether they go depends on all that were there before.
    const upto = { 10: 6, 20: 15, 30: 26 }[i];
    if (upto !== undefined) order.history.append({ kind: 'trim', upto });
  }
  const right = written(temporaryDirectory(), order);

  for (let round = 0; round < 60; round++) {
    const directory = temporaryDirectory();
    let upto = 0;
    for (let crash = 0; crash < 6; crash++) {
      const writer = new CsvWriter(directory, false);
      for (let feeding = 0; feeding < 3; feeding++) {
        upto += random.below(5);
        feed(writer, order, upto);
        if (random.below(2) === 0) writer.checkpoint();
      }
      writer.write();
    }

    expect(written(directory, order)).toEqual(right);
    rmSync(directory, { recursive: true });
  }
});

/** An order of which the first half was sure when the writer crashed. */
function crashed() {
  const order = new Order();
  for (let i = 1; i <= 14; i++) {
    order.batch(['a', i], [`b${i % 3}`, `text ${'é'.repeat(i % 5)}\n5,x`], ['c', { x: i, y: i % 2 === 0 }]);
    if (i === 7) order.batch(['new/then', 1]);
  }
  for (let i = 1; i <= 6; i++) order.batch(['c', i], ['late', i], ['late', { z: i }]);
  const right = written(temporaryDirectory(), order);

  const directory = temporaryDirectory();
  const writer = new CsvWriter(directory, false);
  feed(writer, order, 9);
  writer.checkpoint();
  const sure = bytesIn(directory);
  const cursor = readFileSync(join(directory, 'csv.cursor'));
  writer.savePlaces();
  const places = readFileSync(join(directory, 'csv.places'));
  feed(writer, order);
  writer.write();
  return { order, right, sure, all: bytesIn(directory), cursor, places };
}

type Files = { readonly [name: string]: Uint8Array };

function bytesIn(directory: string): { readonly [name: string]: Buffer } {
  return Object.fromEntries(
    Object.keys(csvIn(directory)).map((name) => [name, readFileSync(join(directory, name))]),
  );
}

function lay(directory: string, state: Files, sure: Files, cursor: Buffer, places: Buffer): void {
  rmSync(directory, { recursive: true });
  mkdirSync(directory);
  writeFileSync(join(directory, 'csv.cursor'), cursor);
  writeFileSync(join(directory, 'csv.places'), places);
  for (const [name, bytes] of Object.entries(state)) {
    // A file that was made since may not be there at all.
    if (bytes.length === 0 && sure[name] === undefined) continue;
    writeFileSync(join(directory, name), bytes);
  }
}

/** A stretch beyond `from` that never reached the disk. */
function hollowed(bytes: Uint8Array, from: number, random: Random): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const start = from + random.below(copy.length - from + 1);
  return copy.fill(0, start, start + random.below(copy.length - start + 1));
}
