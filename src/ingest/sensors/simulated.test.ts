import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import type { Value } from '../../model/reading.ts';
import { type SimulatedOptions, simulatedSource } from './simulated.ts';
import { sensorOf } from './testing.ts';

test('[IN13] numeric, noise and spike stay in their ranges and fill them', () => {
  const numeric = numbersOf(sensorOf({ type: 'numeric', min: 10, max: 35 }));
  const noise = numbersOf(sensorOf({ type: 'noise', base: 50, noise: 8 }));
  const spike = numbersOf(sensorOf({ type: 'spike', baseline: 5, spikeHeight: 60, pSpike: 0.25 }));

  expectWithin(numeric, 10, 35);
  expectWithin(noise, 42, 58);
  expect(new Set(spike)).toEqual(new Set([5, 65]));
  expect(spike.filter((value) => value === 65).length / spike.length).toBeCloseTo(0.25, 1);
});

test('[IN13] boolean and categorical follow their probabilities', () => {
  const boolean = valuesOf(sensorOf({ type: 'boolean', pTrue: 0.4 }));
  const categorical = valuesOf(sensorOf({ type: 'categorical', values: ['low', 'high'] }));

  expect(boolean.filter((value) => value === true).length / boolean.length).toBeCloseTo(0.4, 1);
  expect(categorical.filter((value) => value === 'low').length / categorical.length).toBeCloseTo(0.5, 1);
});

test('[IN13] an incremental step is at most its share of the value', () => {
  const values = [100, ...numbersOf(sensorOf({ type: 'incremental', start: 100, stepPct: 2 }))];

  for (const [i, value] of values.slice(1).entries()) {
    const before = values[i] ?? 0;
    expect(Math.abs(value - before)).toBeLessThanOrEqual(Math.abs(before) * 0.02 + 1e-12);
  }
  expect(new Set(values).size).toBeGreaterThan(1_000);
});

test('[IN13] an incremental walk never leaves the finite numbers', () => {
  const values = numbersOf(sensorOf({ type: 'incremental', start: 1e100, stepPct: 1e12 }));

  expect(values.every(Number.isFinite)).toBe(true);
});

test('[IN13] a trend grows by its slope, give or take its noise', () => {
  const exact = numbersOf(sensorOf({ type: 'trend', start: 30, slope: 1.5, noise: 0 }));
  const noisy = [30, ...numbersOf(sensorOf({ type: 'trend', start: 30, slope: 1.2, noise: 0.8 }))];
  const steps = noisy.slice(1).map((value, i) => value - (noisy[i] ?? 0));

  expect(exact.slice(0, 3)).toEqual([31.5, 33, 34.5]);
  expectWithin(steps, 0.4, 2);
});

test('[IN13] a wave is the sine of the time of day in seconds', () => {
  const source = simulatedSource(sensorOf({ type: 'wave', amplitude: 8, frequencyHz: 0.5 }), new Random(1));

  const values = [0, 500, 1_000, 1_500].map((wallMs) => source.sample(wallMs));

  const expected = [0, 8, 0, -8];
  for (const [i, sample] of values.entries()) {
    expect(sample).not.toBeInstanceOf(Promise);
    expect(Number((sample as { value: Value }).value)).toBeCloseTo(expected[i] ?? 0, 9);
  }
});

test('[IN13] climate is three fields with two decimals', () => {
  const values = valuesOf(sensorOf({ type: 'climate' }));

  const field = (name: string) =>
    values.map((value) => Number(Object.entries(value).find(([key]) => key === name)?.[1]));
  expectWithin(field('temperature_c'), 19, 24);
  expectWithin(field('humidity_pct'), 30, 60);
  expectWithin(field('pressure_hpa'), 990, 1030);
  for (const value of values) {
    expect(Object.keys(value)).toEqual(['temperature_c', 'humidity_pct', 'pressure_hpa']);
    for (const scalar of Object.values(value)) expect(Math.round(Number(scalar) * 100) / 100).toBe(scalar);
  }
});

test('[IN13] other seeds give other values', () => {
  const sensor = sensorOf({ type: 'numeric', min: 0, max: 1 });

  const first = simulatedSource(sensor, new Random(1)).sample(0);
  const second = simulatedSource(sensor, new Random(2)).sample(0);

  expect(first).not.toEqual(second);
});

test('[IN14] a finite test gives the same values and times at every start, and ends', () => {
  const sensor = sensorOf({ type: 'finite_test', seed: 7, maxUpdates: 3, startTsMs: 1_000, periodMs: 250 });

  const stories = [1, 2].map((seed) => {
    const source = simulatedSource(sensor, new Random(seed));
    return [0, 1, 2, 3, 4].map((wallMs) => source.sample(wallMs));
  });

  expect(stories[0]).toEqual(stories[1]);
  expect(stories[0]).toMatchObject([{ tsMs: 1_000 }, { tsMs: 1_250 }, { tsMs: 1_500 }, null, null]);
  for (const sample of stories[0]?.slice(0, 3) ?? []) {
    expectWithin([Number((sample as { value: Value }).value)], 0, 100);
  }
});

function valuesOf(sensor: SimulatedOptions): readonly Value[] {
  const source = simulatedSource(sensor, new Random(42));
  return Array.from({ length: 3_000 }, (_, k) => {
    const sample = source.sample(k * 1_000);
    if (sample === null || sample instanceof Promise) throw new Error('a sample at once');
    return sample.value;
  });
}

function numbersOf(sensor: SimulatedOptions): readonly number[] {
  return valuesOf(sensor).map(Number);
}

function expectWithin(values: readonly number[], min: number, max: number): void {
  expect(Math.min(...values)).toBeGreaterThanOrEqual(min);
  expect(Math.max(...values)).toBeLessThanOrEqual(max);
}
