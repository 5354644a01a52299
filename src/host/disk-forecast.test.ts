import { expect, test } from 'vitest';
import { DiskForecast } from './disk-forecast.ts';

const MINUTE = 60_000;
const MEGABYTE = 1_000_000;

test('[AL10] a disk that loses a megabyte a minute is full when its last one is gone', () => {
  const forecast = forecastOf(60, (minute) => (1_000 - minute) * MEGABYTE);

  expect(forecast.fullInMs()).toBe(941 * MINUTE);
});

test('[AL10] a file that came and one that went do not bend it', () => {
  const forecast = forecastOf(
    60,
    (minute) => (1_000 - minute + (minute > 20 && minute < 25 ? 700 : 0)) * MEGABYTE,
  );

  expect(forecast.fullInMs()).toBe(941 * MINUTE);
});

test.each([
  ['nine looks', 9, (minute: number) => 1_000 - minute],
  ['a disk that does not fill', 60, () => 1_000],
  ['a disk that empties', 60, (minute: number) => 1_000 + minute],
  ['one that fills in a hundred years', 60, (minute: number) => 1e9 - minute],
])('[AL10] of %s nothing is foretold', (_, minutes, megabytes) => {
  const forecast = forecastOf(minutes, (minute) => megabytes(minute) * MEGABYTE);

  expect(forecast.fullInMs()).toBeNull();
});

test('[AL10] what lies further back than a day is forgotten', () => {
  const forecast = forecastOf(
    4_000,
    (minute) => (minute < 2_000 ? 9_000 : 9_000 - (minute - 2_000)) * MEGABYTE,
  );

  expect(forecast.fullInMs()).toBe(7_001 * MINUTE);
});

function forecastOf(minutes: number, freeBytes: (minute: number) => number): DiskForecast {
  const forecast = new DiskForecast();
  for (let minute = 0; minute < minutes; minute++) forecast.take(freeBytes(minute), minute * MINUTE);
  return forecast;
}
