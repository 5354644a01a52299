import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seriesId } from './series-id.ts';

test('[IN18] a series is its name and its labels by key, so that their order does not matter', () => {
  const one = seriesId('cpu', [
    ['host', 'roof'],
    ['cpu', '0'],
  ]);
  const other = seriesId('cpu', [
    ['cpu', '0'],
    ['host', 'roof'],
  ]);

  expect(one).toEqual({ ok: true, value: 'cpu/cpu=0/host=roof' });
  expect(other).toEqual(one);
});

test('[IN18] two series never share a sensor', () => {
  const text = fc.stringMatching(/^[a-c/%+#]{1,3}$/);
  const series = fc.tuple(text, fc.dictionary(text, text, { maxKeys: 2 }));
  fc.assert(
    fc.property(series, series, ([name, labels], [otherName, otherLabels]) => {
      const same =
        JSON.stringify([name, sorted(labels)]) === JSON.stringify([otherName, sorted(otherLabels)]);
      const ids = [seriesId(name, Object.entries(labels)), seriesId(otherName, Object.entries(otherLabels))];
      fc.pre(ids.every((id) => id.ok));

      expect(JSON.stringify(ids[0]) === JSON.stringify(ids[1])).toBe(same);
    }),
    { seed: 3, numRuns: 5_000 },
  );
});

test('[IN18] a label that is there twice, and a series too long for an id, are refused', () => {
  expect(
    seriesId('cpu', [
      ['a', '1'],
      ['a', '2'],
    ]),
  ).toEqual({ ok: false, problem: 'the tag "a" is there twice' });
  expect(seriesId('cpu', [['a', 'x'.repeat(300)]])).toEqual({
    ok: false,
    problem: 'its name and tags make no sensor id: a sensor id has at most 256 bytes',
  });
});

function sorted(labels: { readonly [key: string]: string }) {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
}
