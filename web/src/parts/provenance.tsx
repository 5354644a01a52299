// Where the point under the cursor came from; without a cursor, the latest readings with theirs.

import type { PastOf, PastRow } from '../live/past.ts';
import { href } from '../router.ts';
import { countText, dateTimeText, scalarText, spanText } from '../words/text.ts';
import { Badge } from './badge.tsx';
import { type Fact, Facts } from './panel.tsx';
import { Table } from './table.tsx';

const LATEST = 8;

export interface ProvenanceProps {
  readonly past: PastOf;
  readonly field: string;
  readonly unit: string;
  readonly row: PastRow | null;
}

export function Provenance({ past, field, unit, row }: ProvenanceProps) {
  const last = past.rows.filter((one) => (one.field ?? '') === field).slice(-LATEST);
  return (
    <div class="provenance">
      {row === null ? (
        <p class="provenance-hint">
          Point at the curve to see where a value came from; drag over it to look closer.
        </p>
      ) : (
        <Facts facts={row.sequence === undefined ? stepFacts(row, past, unit) : readingFacts(row, unit)} />
      )}
      {past.stepMs === null && (
        <Table
          label="The latest readings of this span"
          rows={last.reverse()}
          rowKey={({ sequence = 0, ts_ms }) => `${sequence} ${ts_ms}`}
          columns={[
            { key: 'time', title: 'Time', cell: ({ ts_ms }) => dateTimeText(ts_ms) },
            { key: 'value', title: 'Value', isNumber: true, cell: (one) => `${textOf(one)} ${unit}` },
            { key: 'sequence', title: 'Sequence', isNumber: true, cell: sequenceLink },
            { key: 'origin', title: 'Origin', isMinor: true, cell: ({ origin = '' }) => origin },
            { key: 'n', title: 'n', isNumber: true, isMinor: true, cell: ({ n = 0 }) => n },
            { key: 'delay', title: 'Arrived', isNumber: true, isMinor: true, cell: delayText },
            { key: 'flags', title: 'Marks', cell: ({ flags }) => <FlagBadges flags={flags} /> },
          ]}
        />
      )}
    </div>
  );
}

function readingFacts(row: PastRow, unit: string): Fact[] {
  const { origin = '', n = 0 } = row;
  return [
    { name: 'Value', value: <b>{`${textOf(row)} ${unit}`}</b> },
    { name: 'Time', value: dateTimeText(row.ts_ms) },
    { name: 'Sequence', value: sequenceLink(row) },
    { name: 'Origin', value: <a href={href('node', origin)}>{origin}</a> },
    { name: 'Count there', value: `n ${n}` },
    { name: 'Arrived', value: delayText(row) },
    { name: 'Marks', value: row.flags.length === 0 ? 'none' : <FlagBadges flags={row.flags} /> },
  ];
}

function stepFacts(row: PastRow, past: PastOf, unit: string): Fact[] {
  const { min = null, avg = null, max = null, count = 0, flags } = row;
  const text = (value: number | null) => (value === null ? '–' : `${scalarText(value)} ${unit}`);
  return [
    { name: 'From', value: dateTimeText(row.ts_ms) },
    { name: 'For', value: spanText(past.stepMs ?? 0) },
    { name: 'Least', value: text(min) },
    { name: 'Average', value: <b>{text(avg)}</b> },
    { name: 'Greatest', value: text(max) },
    { name: 'Readings', value: countText(count) },
    { name: 'Marks', value: flags.length === 0 ? 'none' : <FlagBadges flags={flags} /> },
  ];
}

function textOf({ value }: PastRow): string {
  return value === undefined ? '–' : scalarText(value);
}

function sequenceLink({ sequence = 0 }: PastRow) {
  return <a href={href('log', '', { at: String(sequence) })}>{countText(sequence)}</a>;
}

function delayText({ ts_ms, ingest_ts_ms = ts_ms }: PastRow): string {
  const ms = ingest_ts_ms - ts_ms;
  return ms === 0 ? 'at once' : ms > 0 ? `+${spanText(ms)}` : `−${spanText(-ms)}`;
}

function FlagBadges({ flags }: { readonly flags: readonly string[] }) {
  return (
    <>
      {flags.map((flag) => (
        <Badge key={flag} tone="warn">
          {flag === 'late' ? 'late' : flag === 'clock' ? 'clock ahead' : flag}
        </Badge>
      ))}
    </>
  );
}
