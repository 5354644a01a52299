import { expect, test } from 'vitest';
import { targetOf } from './sink-options.ts';
import { parseSinksConfig } from './sinks-config.ts';

test('[SK1] a sink has what the file says, and what is usual for the rest', () => {
  const sinks = [
    { name: 'archive', type: 'postgres', url: 'postgres://me:secret@db.site:5432/plant', batch_max: 500 },
    { name: 'files', type: 'parquet', path: '/srv/readings', sensors: ['hall/#'] },
  ];

  expect(parseSinksConfig(JSON.stringify({ sinks }))).toEqual({
    ok: true,
    value: [
      {
        name: 'archive',
        sensors: ['#'],
        writer: 'one',
        batchMax: 500,
        flushMs: 0,
        timeoutMs: 30_000,
        takeoverMs: 10_000,
        engine: {
          type: 'postgres',
          url: 'postgres://me:secret@db.site:5432/plant',
          table: 'sensorium_readings',
        },
      },
      {
        name: 'files',
        sensors: ['hall/#'],
        writer: 'every',
        batchMax: 10_000,
        flushMs: 60_000,
        timeoutMs: 30_000,
        takeoverMs: 10_000,
        engine: { type: 'parquet', path: '/srv/readings' },
      },
    ],
  });
});

test('[SK1] all that is wrong is told at once, each with its place', () => {
  const sinks = [
    { name: 'a b', type: 'postgres', url: 'mysql://db', table: 'x; DROP TABLE y', colour: 'red' },
    { name: 'trend', type: 'influx', url: 'http://influx:8086' },
    { name: 'trend', type: 'kafka', path: '/srv' },
    { name: 'bus', type: 'mqtt', url: 'mqtt://broker', topic: 'a/#', sensors: ['a#'] },
  ];

  const parsed = parseSinksConfig(JSON.stringify({ sinks, more: 1 }));

  expect(parsed.ok ? [] : parsed.problem.split('\n')).toEqual([
    'the field "more" is not known; it has sinks',
    'sinks[0]: the field "colour" is not known; it has name, type, sensors, writer, batch_max, flush_ms, timeout_ms, takeover_ms, url, table',
    'sinks[0]: name must be 1 to 64 letters, digits, _ and -, got "a b"',
    'sinks[0]: url must be a URL like postgres://user:password@host:5432/database',
    'sinks[0]: table must be a name of letters, digits and _, got "x; DROP TABLE y"',
    'sinks[1]: there is either a database (InfluxDB 1) or a bucket (2 and later)',
    'sinks[2]: type must be one of postgres, jetstream, influx, mqtt, parquet, got "kafka"',
    'sinks[3]: sensors: + stands for one whole level of a filter, # for the rest at its end: "a#"',
    'sinks[3]: topic must be a topic without + and #, got "a/#"',
    'two sinks are called "trend"',
  ]);
});

test.each([
  ['{', 'is not JSON'],
  ['[]', 'must be an object'],
  ['{}', 'sinks must be a list of 1 to 16'],
])('[SK1] %s is refused', (text, problem) => {
  expect(parseSinksConfig(text)).toMatchObject({ ok: false, problem: expect.stringContaining(problem) });
});

test('[SK8] what people see of a target has no user and no password', () => {
  const url = 'postgres://me:secret@db.site:5432/plant?password=secret';

  expect(targetOf({ type: 'postgres', url, table: 'readings' })).toBe(
    'postgres://db.site:5432/plant readings',
  );
});
