import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { csvBase } from './csv-name.ts';
import { CsvWriter } from './csv-writer.ts';
import { ANN, csvIn, feed, IDENTITY, Order, temporaryDirectory, written } from './testing.ts';

test('[HI1] every sensor has a file with its committed readings in their order', () => {
  const order = new Order().batch(['hall', 1.5], ['door', true]).meta('hall').batch(['hall', 'x,"y"\n']);

  const files = written(temporaryDirectory(), order);

  expect(files).toEqual({
    'door.csv': 'sequence,timestamp,sensor_id,value\n2,2026-02-11T08:30:00.002Z,door,true\n',
    'hall.csv':
      'sequence,timestamp,sensor_id,value\n' +
      '1,2026-02-11T08:30:00.001Z,hall,1.5\n' +
      '3,2026-02-11T08:30:00.004Z,hall,"x,""y""\\n"\n',
  });
});

test('[HI1] files are equal byte by byte, in however many goes they were written', () => {
  const order = new Order();
  for (let i = 0; i < 60; i++) {
    order.batch(
      [`s${i % 7}`, i],
      ['climate', { temperature_c: i, note: `n${i}` }],
      [`s${i % 3}`, i % 2 === 0],
    );
  }
  const atOnce = written(temporaryDirectory(), order);
  const directory = temporaryDirectory();

  for (let upto = 1; upto <= order.entries.length; upto += 1 + (upto % 5)) {
    const writer = new CsvWriter(directory, false);
    feed(writer, order, upto);
    writer.close();
  }

  expect(written(directory, order)).toEqual(atOnce);
});

test('[HI2] the columns are the fields of the first reading; other fields open the next file', () => {
  const order = new Order()
    .batch(['climate', { temperature_c: 21.5, humidity_pct: 40, pressure_hpa: 1013 }])
    .batch(['climate', { pressure_hpa: 1012 }], ['climate', 7], ['climate', { value: 8, quality: 'good' }])
    .batch(['climate', 9], ['climate', { humidity_pct: 41, temperature_c: '' }]);

  const files = written(temporaryDirectory(), order);

  expect(linesOf(files['climate.csv'])).toEqual([
    'sequence,timestamp,sensor_id,temperature_c,humidity_pct,pressure_hpa',
    '1,2026-02-11T08:30:00.001Z,climate,21.5,40,1013',
    '2,2026-02-11T08:30:00.002Z,climate,,,1012',
    '6,2026-02-11T08:30:00.006Z,climate,"",41,',
  ]);
  expect(linesOf(files['climate.2.csv'])).toEqual([
    'sequence,timestamp,sensor_id,value',
    '3,2026-02-11T08:30:00.003Z,climate,7',
    '5,2026-02-11T08:30:00.005Z,climate,9',
  ]);
  expect(linesOf(files['climate.3.csv'])).toEqual([
    'sequence,timestamp,sensor_id,value,quality',
    '4,2026-02-11T08:30:00.004Z,climate,8,good',
  ]);
});

test('[HI2] a sensor that never says the same fields twice has a bounded number of files and loses nothing', () => {
  const order = new Order();
  for (let i = 0; i < 40; i++) order.batch(['odd', { [`f${i}`]: i }]);

  const files = written(temporaryDirectory(), order);

  expect(Object.keys(files)).toHaveLength(LIMITS.csvFilesPerSensorMax);
  const rest = linesOf(files['odd.16.csv']);
  expect(rest).toHaveLength(1 + 40 - 15);
  expect(rest[1]).toBe('16,2026-02-11T08:30:00.016Z,odd,"{""f15"":15}"');
});

test('[HI2] names of fields are written and read again as they are', () => {
  const directory = temporaryDirectory();
  const order = new Order().batch(['s', { 'a,b': 1, 'say "x"': 2, 'back\\slash': 3 }]);
  written(directory, order);
  order.batch(['s', { 'back\\slash': 4 }]);

  const files = written(directory, order);

  expect(Object.keys(files)).toEqual(['s.csv']);
  expect(linesOf(files['s.csv'])).toEqual([
    'sequence,timestamp,sensor_id,"a,b","say ""x""",back\\\\slash',
    '1,2026-02-11T08:30:00.001Z,s,1,2,3',
    '2,2026-02-11T08:30:00.002Z,s,,,4',
  ]);
});

test('[HI3] a sensor id becomes a file name that leads nowhere else and is no other sensor’s', () => {
  const ids = ['../../etc/passwd', 'a/b', 'a%2Fb', 'grün', 'x.2', 'a@1', '.', 'history.gaps', 'q"q'];

  const files = written(temporaryDirectory(), new Order().batch(...ids.map((id) => [id, 1] as const)));

  expect(Object.keys(files)).toEqual([
    '%2E%2E%2F%2E%2E%2Fetc%2Fpasswd.csv',
    '%2E.csv',
    'a%252Fb.csv',
    'a%2Fb.csv',
    'a@1.csv',
    'gr%C3%BCn.csv',
    'history%2Egaps.csv',
    'q%22q.csv',
    'x%2E2.csv',
  ]);
});

test('[HI3] an id too long for a file name keeps its beginning and differs from its like', () => {
  const base = 'ü'.repeat(127);

  const names = [`${base}a`, `${base}b`].map((id) => csvBase(id as SensorId));

  expect(names[0]?.length).toBeLessThanOrEqual(200);
  expect(names[0]).not.toBe(names[1]);
  expect(names[0]).toMatch(/^%C3%BC.*%~[0-9a-f]{40}$/);
});

test('[HI5] after an end in peace the files are not looked at, after any other they are', () => {
  const directory = temporaryDirectory();
  const order = new Order().batch(['a', 1]);
  written(directory, order);
  const half = `${readFileSync(join(directory, 'a.csv'), 'utf8')}2,2026`;
  writeFileSync(join(directory, 'a.csv'), half);

  new CsvWriter(directory, false).close();
  const afterPeace = csvIn(directory)['a.csv'];
  const cursor = JSON.parse(readFileSync(join(directory, 'csv.cursor'), 'utf8'));
  writeFileSync(join(directory, 'csv.cursor'), JSON.stringify({ ...cursor, clean: false }));
  new CsvWriter(directory, false).close();

  expect(afterPeace).toBe(half);
  expect(linesOf(csvIn(directory)['a.csv'])).toHaveLength(2);
});

test('[HI5] a file of somebody else in the directory stays as it is', () => {
  const directory = temporaryDirectory();
  const order = new Order().batch(['a', 1]);
  const crashed = new CsvWriter(directory, false);
  feed(crashed, order);
  crashed.write();
  writeFileSync(join(directory, 'notes.csv'), 'when,what\nMonday,cleaned\n');

  const files = written(directory, order);

  expect(files['notes.csv']).toBe('when,what\nMonday,cleaned\n');
  expect(linesOf(files['a.csv'])).toHaveLength(2);
});

test('[HI6] a node that joined later says once in each file, and where it tells of gaps, what it never had', () => {
  const directory = temporaryDirectory();
  const order = new Order();
  order.history.startAt(8, 42);
  order.batch(['a', 1], ['b', 2]).batch(['a', 3]);

  const files = written(directory, order);

  expect(linesOf(files['a.csv'])).toEqual([
    'sequence,timestamp,sensor_id,value',
    '# gap 1..41 not held by this node',
    '42,2026-02-11T08:30:00.001Z,a,1',
    '44,2026-02-11T08:30:00.003Z,a,3',
  ]);
  expect(linesOf(files['history.gaps.csv'])[1]).toBe('7,gap,42,,,1,41,not held by this node');
});

test('[HI6] a stretch that was trimmed before it was written is told in each file before its next row', () => {
  const directory = temporaryDirectory();
  const order = new Order().batch(['a', 1], ['b', 1]);
  written(directory, order);
  order.batch(['a', 2]).batch(['a', 3]).batch(['a', 4]);
  order.history.trim(3);

  written(directory, order);
  order.batch(['b', 5]);
  const files = written(directory, order);

  expect(linesOf(files['a.csv']).map(placeAndWhat)).toEqual(['sequence', '1', '# gap 3..4', '5']);
  expect(linesOf(files['b.csv']).map(placeAndWhat)).toEqual(['sequence', '2', '# gap 3..4', '6']);
});

test('[HI6] readings that exist nowhere any more are told with their producer and the reason', () => {
  const order = new Order().batch(['a', 1]);
  const producer = { origin: ANN, identity: IDENTITY };
  order.history.append({ kind: 'gap', producer, firstN: 2, lastN: 9, reason: 'disk lost, twice' });
  order.batch(['a', 2]);

  const files = written(temporaryDirectory(), order);

  expect(linesOf(files['history.gaps.csv'])).toEqual([
    'index,what,before_sequence,origin,identity,from,to,why',
    '2,lost,2,ann,1.00000000000000aa,2,9,"disk lost, twice"',
  ]);
});

test('[HI7] more sensors than files may be open, or be remembered, are written all the same', () => {
  const directory = temporaryDirectory();
  const order = new Order();
  const count = LIMITS.csvOpenFilesMax * 3;
  for (let round = 0; round < 3; round++) {
    order.batch(...Array.from({ length: count }, (_, i) => [`s${i}`, round] as const));
  }

  const files = written(directory, order);

  expect(Object.keys(files)).toHaveLength(count);
  expect(Object.values(files).every((text) => linesOf(text).length === 4)).toBe(true);
  expect(readdirSync('/proc/self/fd').length).toBeLessThan(LIMITS.csvOpenFilesMax + 500);
});

test('[HI9] trimmed rows leave a file as soon as they are half of it, and the file says so', () => {
  const directory = temporaryDirectory();
  const order = new Order();
  for (let i = 1; i <= 10; i++) order.batch(['fast', i]);
  order.batch(['slow', 1]);
  order.history.append({ kind: 'trim', upto: 4 });
  order.batch(['fast', 11]);
  order.history.append({ kind: 'trim', upto: 9 });
  order.batch(['fast', 12]);

  const files = written(directory, order);

  expect(linesOf(files['fast.csv']).map(placeAndWhat)).toEqual([
    'sequence',
    '# trimmed 1..9',
    '10',
    '12',
    '13',
  ]);
  expect(linesOf(files['slow.csv']).map(placeAndWhat)).toEqual(['sequence', '11']);
  expect(linesOf(files['history.gaps.csv']).slice(1).map(placeAndWhat)).toEqual(['12', '14']);
});

test('[HI9] where the cut of a trim lies is found in files of any shape', () => {
  for (let rows = 1; rows <= 40; rows++) {
    const order = new Order();
    for (let i = 1; i <= rows; i++) order.batch(['a', 'x'.repeat((i * 37) % 90)], ['b', 1]);
    const kept = Math.floor(rows / 4);
    order.history.append({ kind: 'trim', upto: rows - kept - 1 });

    const lines = linesOf(written(temporaryDirectory(), order)['a.csv']).map(placeAndWhat);

    const first = (rows - kept - 1) * 2 + 1;
    const expected = Array.from({ length: kept + 1 }, (_, i) => String(first + 2 * i));
    if (lines[1] === `# trimmed 1..${first - 1}`) expect(lines.slice(2)).toEqual(expected);
    else expect(lines.slice(1 - expected.length - 1).slice(-expected.length)).toEqual(expected);
  }
});

test('[HI11] when the group ends, its files are kept aside and those of the other begin anew', () => {
  const directory = temporaryDirectory();
  const order = new Order().batch(['a', 1]);
  const before = written(directory, order);
  order.history.startGroup('00000000000000b2');
  order.batch(['a', 2]);

  const files = written(directory, order);

  expect(linesOf(files['a.csv']).map(placeAndWhat)).toEqual(['sequence', '1']);
  expect(csvIn(join(directory, 'dissolved', '00000000000000a1'))).toEqual(before);
});

test('[HI11] files whose order nobody knows any more are kept aside too', () => {
  const directory = temporaryDirectory();
  const order = new Order().batch(['a', 1]);
  const before = written(directory, order);
  rmSync(join(directory, 'csv.cursor'));

  const files = written(directory, order);

  expect(files).toEqual(before);
  expect(csvIn(join(directory, 'dissolved', 'unknown'))).toEqual(before);
});

test('[HI11] a node that begins anew begins without files', () => {
  const directory = temporaryDirectory();
  written(directory, new Order().batch(['a', 1]));

  new CsvWriter(directory, true).close();

  expect(csvIn(directory)).toEqual({});
  expect(existsSync(join(directory, 'dissolved'))).toBe(false);
});

function linesOf(text: string | undefined): string[] {
  return (text ?? '').trimEnd().split('\n');
}

/** `12`, `# gap 3..4` or `sequence`. */
function placeAndWhat(line: string): string {
  return line.startsWith('#') ? line.split(' ').slice(0, 3).join(' ') : (line.split(',')[0] ?? '');
}
