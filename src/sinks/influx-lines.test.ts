import { expect, test } from 'vitest';
import type { SensorId } from '../model/ids.ts';
import { influxAnswer } from './influx-answer.ts';
import { lineOf, nanosOf } from './influx-lines.ts';
import { subjectOf } from './jetstream-sink.ts';
import { reading } from './sink.contract.ts';

const PLACE = '_n=7i,_sequence=7i,_identity="1.00000000000000aa" 1770798600007000007';

test.each([
  [21.5, 'value=21.5'],
  [true, 'value_boolean=true'],
  ['say "so" \\', 'value_text="say \\"so\\" \\\\"'],
  [{ 'a b': 1, c: 'x' }, 'a\\ b=1,c_text="x"'],
])("[SK12] %j is the fields %s of a point that bears the reading's name", (value, fields) => {
  const line = lineOf('reading', { ...reading(7, value), sensor: 'hall 1/t,x=y' as SensorId, unit: '' });

  expect(line).toBe(`reading,sensor=hall\\ 1/t\\,x\\=y,origin=ann ${fields},${PLACE}`);
});

test('[SK12] readings of one millisecond are points of their own, and a time that InfluxDB has not is none', () => {
  expect(nanosOf(5, 1)).not.toBe(nanosOf(5, 2));
  expect(lineOf('reading', reading(1, 1, 8.64e15))).toBeNull();
});

test('[SK12] a place is read from an answer, and what is no such answer is not taken for one', () => {
  const found = {
    results: [{ series: [{ columns: ['time', 'group', 'sequence'], values: [[1, 'a1', 7]] }] }],
  };

  expect(influxAnswer(found)).toEqual({ place: { group: 'a1', sequence: 7 } });
  expect(influxAnswer({ results: [{ statement_id: 0 }] })).toEqual({ place: null });
  expect(influxAnswer({ results: [{ error: 'database not found' }] })).toBe('unknown');
  expect(influxAnswer('<html>')).toBe('unknown');
});

test.each([
  ['hall/temperature', 'site.hall.temperature'],
  ['hall 1/t.x', 'site.hall%201.t%2Ex'],
  ['a//*/>', 'site.a.%.%2A.%3E'],
])('[SK11] %s is published under %s', (sensor, subject) => {
  expect(subjectOf('site', sensor)).toBe(subject);
});
