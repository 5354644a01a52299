import { expect, test } from 'vitest';
import type { Convergence } from '../../../src/api/convergence-routes.ts';
import { matrixOf } from './matrix.ts';

const NODES = ['ann', 'bob'];

test('[UI22] nodes that have all show nothing missing', () => {
  const answers = answersOf(standing('ann', { ann: 7, bob: 3 }), standing('bob', { ann: 7, bob: 3 }));

  const matrix = matrixOf(NODES, answers);

  expect(matrix.origins).toEqual(['ann', 'bob']);
  expect(matrix).toMatchObject({ missing: 0, silent: 0 });
  expect(matrix.rows.map(({ order }) => order)).toEqual([
    { kind: 'known', lag: 0, lagMs: 0, isLate: false },
    { kind: 'known', lag: 0, lagMs: 0, isLate: false },
  ]);
});

test('[UI22] what one side of a cut has and the other cannot know of shows by comparison', () => {
  const ahead = standing('ann', { ann: 50, bob: 3 }, { watermark: 53, atMs: 9_000 });
  const behind = standing('bob', { ann: 7, bob: 5 }, { watermark: 10, atMs: 2_000 });

  const matrix = matrixOf(NODES, answersOf(ahead, behind));

  expect(matrix.rows[1]?.cells[0]).toEqual({ kind: 'known', lag: 43, lagMs: 7_000, isLate: true });
  expect(matrix.rows[0]?.cells[1]).toMatchObject({ lag: 2 });
  expect(matrix.rows[1]?.order).toMatchObject({ lag: 43 });
  // What the side that is ahead lacks came less than a second before: it may be on its way.
  expect(matrix.missing).toBe(43);
});

test('[UI22] of an origin that lost its disk only its later identity counts', () => {
  const later = standing('ann', { ann: 2, bob: 1 }, { birth: 2 });
  const earlier = standing('bob', { ann: 90, bob: 1 }, { birth: 1 });

  const matrix = matrixOf(NODES, answersOf(later, earlier));

  expect(matrix.rows[1]?.cells[0]).toMatchObject({ kind: 'known', lag: 2 });
});

test('[UI22] a node that does not answer keeps its last word and is counted as silent', () => {
  const answers = new Map([
    ...answersOf(standing('ann', { ann: 9 })),
    ['bob', { value: standing('bob', { ann: 4 }), problem: 'does not answer', atMs: 5 }] as const,
  ]);

  const matrix = matrixOf([...NODES, 'cat'], answers);

  expect(matrix.rows[1]).toMatchObject({ problem: 'does not answer', cells: [{ lag: 5 }] });
  expect(matrix.rows[2]).toMatchObject({ cells: [], order: { kind: 'unknown' } });
  expect(matrix).toMatchObject({ missing: 0, silent: 1 });
});

interface Given {
  readonly watermark?: number;
  readonly atMs?: number;
  readonly birth?: number;
}

function standing(
  node: string,
  upto: { readonly [origin: string]: number },
  { watermark = 10, atMs = 1_000, birth = 1 }: Given = {},
): Convergence {
  const streams = Object.entries(upto).map(([origin, n]) => ({
    origin,
    identity: `${birth}.0000000000000001`,
    upto: n,
    lag: 0,
    stale_ms: 0,
    advanced_at_ms: atMs,
    retired: false,
  }));
  return {
    ...{ node, at_ms: atMs, group: 'g', leader: 'ann', quorum: true },
    ...{ watermark, outbox: 0, streams },
  };
}

function answersOf(...standings: readonly Convergence[]) {
  return new Map(standings.map((value) => [value.node, { value, problem: '', atMs: 1 }]));
}
