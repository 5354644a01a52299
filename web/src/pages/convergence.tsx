// How far every node is with every origin, and with the common order: what one of them has and another lacks lights
// up. Each row is that node's own word; a node that the browser cannot reach shows its last one. SPEC rule UI22.

import { useEffect, useState } from 'preact/hooks';
import type { Convergence } from '../../../src/api/convergence-routes.ts';
import { type Answers, askable, NODES_ASKED_MAX, usePolledAll } from '../live/polled.ts';
import { members, nowMs } from '../live/store.ts';
import { Badge } from '../parts/badge.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { href } from '../router.ts';
import { type Cell, type Matrix, matrixOf } from '../words/matrix.ts';
import { countText, spanText, timeText } from '../words/text.ts';
import '../styles/convergence.css';

const EVERY_MS = 1_000;
/** A point a second. */
const STRIP_POINTS = 180;

export function ConvergencePage() {
  const answers = usePolledAll<Convergence>('/api/v1/convergence', EVERY_MS);
  const asked = askable(members.value);
  const matrix = matrixOf(
    asked.map(({ id }) => id),
    answers,
  );
  const strip = useStrip(matrix, answers);
  const isKnown = matrix.rows.some(({ cells }) => cells.length > 0);
  return (
    <>
      <Panel title="Who has what" note={<Verdict matrix={matrix} />} flush>
        {isKnown ? <MatrixTable matrix={matrix} /> : <Empty title="Asking all nodes …" />}
      </Panel>
      <Panel title="Missing readings, all nodes together" note={stripNote(strip)}>
        <Strip points={strip} />
      </Panel>
      <Panel title="How to read it">
        <p class="convergence-words">
          Each cell says how many readings of the origin above it the node on the left does not have yet, and
          by how much its newest one is older than the newest there is. ✓ means it has all; a number without a
          colour is less than a second behind, and on its way. A cut site lights up where one part writes and
          the other cannot hear; after the cut is healed the cells empty again. The last columns are the
          common order: how many committed readings a node has still to hear of, and how many of its own wait
          for their places.
        </p>
        {members.value.length > NODES_ASKED_MAX && (
          <p class="convergence-words">
            {countText(NODES_ASKED_MAX)} of {countText(members.value.length)} nodes are asked.
          </p>
        )}
      </Panel>
    </>
  );
}

function Verdict({ matrix }: { readonly matrix: Matrix }) {
  const { silent, missing } = matrix;
  if (silent > 0) {
    return (
      <Badge tone="bad">
        {silent} {silent === 1 ? 'node does' : 'nodes do'} not answer
      </Badge>
    );
  }
  if (missing === 0) return <Badge tone="good">all equal</Badge>;
  return <Badge tone="warn">{countText(missing)} missing</Badge>;
}

function MatrixTable({ matrix }: { readonly matrix: Matrix }) {
  const { origins, rows } = matrix;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section class="table-scroll" tabIndex={0} aria-label="Nodes and origins">
      <table class="table matrix">
        <thead>
          <tr>
            <th scope="col">Node</th>
            {origins.map((origin) => (
              <th key={origin} scope="col" class="number">
                {origin}
              </th>
            ))}
            <th scope="col" class="number matrix-order">
              Order
            </th>
            <th scope="col" class="number">
              Waits
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.node} data-silent={row.problem !== ''}>
              <th scope="row">
                <a href={href('node', row.node)}>{row.node}</a>
                {row.problem !== '' && (
                  <span class="matrix-silent">
                    {row.problem}
                    {row.atMs > 0 && `, last at ${timeText(row.atMs)}`}
                  </span>
                )}
              </th>
              {origins.map((origin, at) => (
                <MatrixCell key={origin} cell={row.cells[at]} />
              ))}
              <MatrixCell cell={row.order} isOrder />
              <td class="number" data-heat={row.waits > 0 ? heatOf(row.waits) : undefined}>
                {row.cells.length === 0 ? '–' : countText(row.waits)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function MatrixCell({
  cell,
  isOrder = false,
}: {
  readonly cell: Cell | undefined;
  readonly isOrder?: boolean;
}) {
  const className = isOrder ? 'number matrix-order' : 'number';
  if (cell === undefined || cell.kind === 'unknown') {
    return (
      <td class={className} title="This node has never heard of it">
        –
      </td>
    );
  }
  const { lag, lagMs, isLate } = cell;
  if (lag === 0) {
    return (
      <td class={className} data-heat="0">
        <span aria-hidden="true">✓</span>
        <span class="unseen">has all</span>
      </td>
    );
  }
  return (
    <td class={className} data-heat={isLate ? heatOf(lag) : undefined} data-lag={lag}>
      −{countText(lag)}
      <small>{lagMs > 0 ? spanText(lagMs) : ' '}</small>
    </td>
  );
}

/** 1 to 4: each step is about seven times as much. */
function heatOf(lag: number): number {
  return lag < 7 ? 1 : lag < 50 ? 2 : lag < 350 ? 3 : 4;
}

function useStrip(matrix: Matrix, answers: Answers<Convergence>): readonly number[] {
  const [points, setPoints] = useState<readonly number[]>([]);
  const second = Math.floor(nowMs.value / 1_000);
  useEffect(() => {
    if (answers.size > 0) setPoints((all) => [...all.slice(1 - STRIP_POINTS), matrix.missing]);
  }, [second]);
  return points;
}

function stripNote(points: readonly number[]): string {
  const last = points.at(-1) ?? 0;
  return `${countText(last)} at present, at most ${countText(Math.max(0, ...points))} since this page was opened`;
}

const WIDTH = 900;
const HEIGHT = 96;

function Strip({ points }: { readonly points: readonly number[] }) {
  const high = Math.max(10, ...points);
  const width = WIDTH / STRIP_POINTS;
  const left = WIDTH - points.length * width;
  const path = points
    .map(
      (point, at) =>
        `${(left + at * width).toFixed(1)},${(HEIGHT - (point / high) * (HEIGHT - 6)).toFixed(1)}`,
    )
    .join(' ');
  const last = points.at(-1) ?? 0;
  return (
    <svg
      class="convergence-strip"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${last} readings are missing somewhere; at most ${Math.max(0, ...points)} in what is shown`}
    >
      {points.length > 1 && (
        <polygon points={`${left},${HEIGHT} ${path} ${WIDTH - width},${HEIGHT}`} data-empty={last === 0} />
      )}
    </svg>
  );
}
