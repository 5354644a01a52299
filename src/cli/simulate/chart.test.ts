import { expect, test } from 'vitest';
import { decadeAxis, linearAxis, shortNumber, sizesAxis } from './axis.ts';
import { type Chart, chartSvg } from './chart.ts';

test('[SM24] a linear axis begins at zero, ends at a round number and holds all values', () => {
  const axis = linearAxis([3.2, 17]);

  expect(axis.ticks).toEqual([0, 5, 10, 15, 20]);
  expect(axis.place(0)).toBe(0);
  expect(axis.place(20)).toBe(1);
});

test('[SM24] an axis of decades goes from the power of ten below all values to the one above', () => {
  const axis = decadeAxis([140, 20_791]);

  expect(axis.ticks).toEqual([100, 1_000, 10_000, 100_000]);
  expect(axis.place(1_000)).toBeCloseTo(1 / 3);
});

test('[SM24] sizes stand at distances as their logarithms have, and a single one in the middle', () => {
  expect(sizesAxis([10, 100, 1_000]).place(100)).toBeCloseTo(0.5);
  expect(sizesAxis([10]).place(10)).toBe(0.5);
});

test('[SM24] numbers beside an axis are short', () => {
  expect([0, 0.5, 300, 1_500, 20_000, 2_500_000].map(shortNumber)).toEqual([
    '0',
    '0.5',
    '300',
    '1500',
    '20k',
    '2.5M',
  ]);
});

test('[SM24] a chart says what it shows, tells its series apart by marks, and follows light and dark', () => {
  const svg = chartSvg(CHART);

  expect(svg).toContain('role="img"');
  expect(svg).toContain('<title id="title">Known &amp; seen</title>');
  expect(svg).toContain('<desc id="description">');
  expect(svg).toContain('prefers-color-scheme: dark');
  expect(svg).toContain('<circle');
  expect(svg).toContain('<rect');
  expect(svg.match(/class="line dashed" points/g)).toHaveLength(2);
  expect(svg).toContain('20 % lost: 100, 4');
  expect(svg).not.toContain('NaN');
});

test('[SM24] a chart without a value is still a chart', () => {
  const svg = chartSvg({ ...CHART, panels: [{ title: 'empty', series: [] }], yAxis: linearAxis([]) });

  expect(svg).toContain('empty');
  expect(svg).not.toContain('NaN');
});

const CHART: Chart = {
  title: 'Known & seen',
  description: 'rounds over nodes',
  xLabel: 'nodes',
  yLabel: 'rounds',
  yAxis: linearAxis([5]),
  sizes: [10, 100],
  lines: { full: 'median', dashed: 'p99' },
  panels: [
    {
      title: 'every second',
      series: ['0 % lost', '20 % lost'].map((name, at) => ({
        name,
        full: [
          { x: 10, y: 1 + at },
          { x: 100, y: 3 + at },
        ],
        dashed: [
          { x: 10, y: 2 },
          { x: 100, y: 5 },
        ],
      })),
    },
  ],
};
