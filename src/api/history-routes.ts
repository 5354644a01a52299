// One sensor's past: `/api/v1/history`, a list of flat rows, so that charts take it as it is. SPEC rules HD4-HD6.

import { z } from '@hono/zod-openapi';
import { PastRefused, type RangeAnswer, type RangeQuery } from '../hub/past.ts';
import { ok, type Result, refused } from '../kit/result.ts';
import { csvText, csvTime, csvValue } from '../model/csv.ts';
import { parseSensorId } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import type { Scalar } from '../model/reading.ts';
import { MOMENTS, parseMoment, parseSpan, SPANS } from './moment.ts';
import { AGGREGATES, type Aggregate, type PastRow, readingRow, stepRow } from './past-row.ts';
import { queryProblem } from './query.ts';
import { type Api, problemResponse, refuse, type Sources } from './route.ts';

const BY_DEFAULT: readonly Aggregate[] = ['avg', 'min', 'max', 'last', 'count'];
const HOUR_MS = 3_600_000;

const text = (allowed: string) => z.string({ error: allowed });
const query = z.strictObject({
  sensor: text('sensor names the sensor'),
  field: text('field names a field of its record').optional(),
  from: text(`from is ${MOMENTS}`).optional().openapi({ example: 'now-1h' }),
  to: text(`to is ${MOMENTS}`).optional().openapi({ example: 'now' }),
  points: text('points is a whole number').optional(),
  step: text(`step is ${SPANS}`).optional().openapi({ example: '1m' }),
  agg: text(`agg lists some of ${AGGREGATES.join(', ')}`).optional(),
  as_of: text('as_of is a sequence').optional(),
  format: z.enum(['json', 'ndjson', 'csv'], { error: 'format is json, ndjson or csv' }).optional(),
});
type Query = z.infer<typeof query>;

interface Wanted {
  readonly range: RangeQuery;
  readonly aggregates: readonly Aggregate[];
}

export function addHistoryRoutes(api: Api, sources: Sources): void {
  api.openAPIRegistry.registerPath({
    method: 'get',
    ...HISTORY,
    request: { query },
    responses: {
      200: {
        description: 'By `Accept` or `format`.',
        content: {
          'application/json': { schema: z.array(z.looseObject({ ts_ms: z.int() })) },
          'application/x-ndjson': { schema: z.looseObject({ ts_ms: z.int() }) },
          'text/csv': { schema: z.string() },
        },
      },
      400: problemResponse('bad-query'),
      503: problemResponse('not-ready'),
    },
  });
  api.get(HISTORY.path, async (c) => {
    const parsed = query.safeParse(c.req.query());
    if (!parsed.success) return refuse(sources, 'bad-query', queryProblem(parsed.error));
    const wanted = wantedBy(parsed.data, Date.now());
    if (!wanted.ok) return refuse(sources, 'bad-query', wanted.problem);
    if (sources.past === null)
      return refuse(sources, 'not-ready', 'this node keeps no database (HISTORY_DB=off)');
    try {
      const answer = await sources.past.range(wanted.value.range);
      const headers = {
        'X-Sensorium-Group': answer.group ?? '',
        'X-Sensorium-Watermark': String(answer.watermark),
        ...(answer.isCut && { 'X-Sensorium-Cut': 'true' }),
      };
      const rows = rowsOf(answer, wanted.value);
      return formatted(rows, parsed.data.format ?? formatOf(c.req.header('accept') ?? ''), headers);
    } catch (cause) {
      if (!(cause instanceof PastRefused)) throw cause;
      return refuse(sources, 'not-ready', cause.message);
    }
  });
}

function wantedBy(given: Query, nowMs: number): Result<Wanted> {
  const sensor = parseSensorId(given.sensor);
  if (!sensor.ok) return refused(`sensor: ${sensor.problem}`);
  const to = parseMoment('to', given.to ?? 'now', nowMs);
  if (!to.ok) return to;
  const from = given.from === undefined ? ok(to.value - HOUR_MS) : parseMoment('from', given.from, nowMs);
  if (!from.ok) return from;
  if (from.value >= to.value) return refused('from lies before to');
  const step = stepOf(given, to.value - from.value);
  if (!step.ok) return step;
  const asOf = given.as_of === undefined ? null : Number(given.as_of);
  if (asOf !== null && !(Number.isSafeInteger(asOf) && asOf >= 1))
    return refused('as_of is a sequence from 1 on');
  const aggregates = given.agg === undefined ? ok(BY_DEFAULT) : aggregatesOf(given.agg);
  if (!aggregates.ok) return aggregates;
  return ok({
    range: {
      sensor: sensor.value,
      field: given.field ?? null,
      fromMs: from.value,
      toMs: to.value,
      stepMs: step.value,
      asOf,
      rowsMax: LIMITS.historyRowsMax,
    },
    aggregates: aggregates.value,
  });
}

/** `points` is another way to say how long a step is. */
function stepOf({ step, points }: Query, spanMs: number): Result<number | null> {
  if (step !== undefined && points !== undefined) return refused('step and points exclude each other');
  if (step !== undefined) {
    const parsed = parseSpan('step', step);
    if (!parsed.ok) return parsed;
    if (spanMs / parsed.value <= LIMITS.historyRowsMax) return parsed;
    return refused(`from and to are at most ${LIMITS.historyRowsMax} steps apart`);
  }
  if (points === undefined) return ok(null);
  const count = Number(points);
  const isRight = Number.isInteger(count) && count >= 1 && count <= LIMITS.historyRowsMax;
  return isRight
    ? ok(Math.max(1, Math.ceil(spanMs / count)))
    : refused(`points is a whole number from 1 to ${LIMITS.historyRowsMax}`);
}

function aggregatesOf(text: string): Result<readonly Aggregate[]> {
  const found = text.split(',').map((word) => AGGREGATES.find((one) => one === word));
  const known = found.filter((one) => one !== undefined);
  if (known.length === found.length) return ok(known);
  return refused(`agg lists some of ${AGGREGATES.join(', ')}, with commas between`);
}

function rowsOf({ readings, steps }: RangeAnswer, { range, aggregates }: Wanted): PastRow[] {
  const { stepMs, fromMs, toMs } = range;
  if (stepMs === null) return readings.map(readingRow);
  const fields = [...new Set(steps.map(({ field }) => field))];
  return fields.flatMap((field) => {
    const bySteps = new Map(steps.filter((step) => step.field === field).map((step) => [step.tsMs, step]));
    const rows: PastRow[] = [];
    for (let tsMs = fromMs; tsMs < toMs; tsMs += stepMs) {
      rows.push(stepRow(tsMs, field, bySteps.get(tsMs) ?? null, aggregates));
    }
    return rows;
  });
}

function formatOf(accept: string): 'json' | 'ndjson' | 'csv' {
  if (accept.includes('text/csv')) return 'csv';
  return accept.includes('application/x-ndjson') ? 'ndjson' : 'json';
}

function formatted(
  rows: readonly PastRow[],
  format: 'json' | 'ndjson' | 'csv',
  headers: { [name: string]: string },
): Response {
  switch (format) {
    case 'json':
      return new Response(JSON.stringify(rows), {
        headers: { ...headers, 'Content-Type': 'application/json' },
      });
    case 'ndjson': {
      const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
      return new Response(lines, { headers: { ...headers, 'Content-Type': 'application/x-ndjson' } });
    }
    case 'csv':
      return new Response(csvOf(rows), {
        headers: { ...headers, 'Content-Type': 'text/csv; charset=utf-8' },
      });
  }
}

function csvOf(rows: readonly PastRow[]): string {
  const columns = Object.keys(rows[0] ?? { ts_ms: 0 });
  const lines = rows.map((row) => {
    const cells = new Map<string, Cell>(Object.entries(row));
    return columns.map((column) => cell(column, cells.get(column) ?? null)).join(',');
  });
  const heading = columns.map((column) => (column === 'ts_ms' ? 'timestamp' : column)).join(',');
  return `${[heading, ...lines].join('\n')}\n`;
}

type Cell = Scalar | readonly string[] | null;

function cell(column: string, value: Cell): string {
  if (value === null) return '';
  if (column === 'ts_ms' && typeof value === 'number') return csvTime(value);
  if (typeof value === 'object') return value.length === 0 ? '' : csvText(value.join(' '));
  return csvValue(value);
}

const HISTORY = {
  path: '/api/v1/history',
  summary: 'One sensor’s committed readings between two moments, as they are or drawn together in steps.',
  description:
    'Without `step` or `points` each reading is a row. With one of them each step is a row, also one in which nothing ' +
    'was said. `as_of` gives the history as it was when it ended with that sequence.',
} as const;
