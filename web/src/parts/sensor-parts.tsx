// How a sensor's reading looks wherever it stands: value with unit, age, and how sure its place is. SPEC rule UI5.

import type { LatestRow } from '../../../src/api/latest-row.ts';
import { registry } from '../live/registry.ts';
import type { SensorEntry } from '../live/sensor-book.ts';
import { sensors } from '../live/store.ts';
import { ageText, countText, scalarText, spanText, unitText, valueText } from '../words/text.ts';
import { Badge } from './badge.tsx';

export function ValueText({ row }: { readonly row: LatestRow }) {
  const { value, unit } = row;
  if (typeof value === 'object') {
    return (
      <span class="value fields" title={valueText(value)}>
        {Object.entries(value).map(([field, scalar]) => (
          <span key={field} class="field">
            <b>{scalarText(scalar)}</b> <small>{field}</small>
          </span>
        ))}
      </span>
    );
  }
  const isSwitch = typeof value === 'boolean';
  return (
    <span class="value" title={scalarText(value)}>
      <b data-switch={isSwitch ? String(value) : undefined}>{scalarText(value)}</b>
      {unit !== '' && <small>{unitText(unit)}</small>}
    </span>
  );
}

/** How old the reading is, against how often its sensor speaks. */
export function AgeBar({ entry, now }: { readonly entry: SensorEntry; readonly now: number }) {
  const known = registry.value.get(entry.name);
  const age = Math.max(0, now - entry.bornAt);
  const isStale = sensors.isStale(entry, now);
  const cadence = known?.cadence_ms ?? (entry.row.period_ms > 0 ? entry.row.period_ms : null);
  const limit = sensors.staleAfterMs(entry);
  const share = Math.min(1, age / limit);
  const tone = isStale ? 'bad' : cadence !== null && age > cadence * 1.5 ? 'warn' : 'good';
  const learned = cadence === null ? 'no rhythm learned yet' : `speaks every ${spanText(cadence)}`;
  return (
    <span class="age" data-tone={tone} title={`${learned}; stale after ${spanText(limit)}`}>
      <span class="age-track" aria-hidden="true">
        <span style={{ width: `${(share * 100).toFixed(0)}%` }} />
      </span>
      <span class="age-text">{ageText(age)}</span>
    </span>
  );
}

/** Stored at its node, or committed at its place in the common order. */
export function CommitMark({ entry }: { readonly entry: SensorEntry }) {
  if (!sensors.isCommitted(entry)) {
    return (
      <span
        class="mark"
        data-tone="warn"
        title="Durable at its node; waits for its place in the common order"
      >
        <span class="mark-sign">○</span> stored
      </span>
    );
  }
  const { sequence } = entry;
  return (
    <span
      class="mark"
      data-tone="good"
      title="Durable at a majority, with its place in the common order for good"
    >
      <span class="mark-sign">✓</span> {sequence === null ? 'committed' : `#${countText(sequence)}`}
    </span>
  );
}

const FLAGS: { readonly [flag: string]: string } = {
  clock: 'The clock of the device runs ahead: the reading competes with the time at which it arrived',
  collision: 'Several nodes have readings of it, which is often a mistake',
  unordered: 'Of a former life of its node; the order will not hold it',
};

export function Flags({ entry, now }: { readonly entry: SensorEntry; readonly now: number }) {
  const isStale = sensors.isStale(entry, now);
  return (
    <>
      {isStale && (
        <Badge tone="bad" title="Silent for longer than it should be, or its node is gone">
          stale
        </Badge>
      )}
      {entry.row.flags.map((flag) => (
        <Badge key={flag} tone="warn" title={FLAGS[flag]}>
          {flag}
        </Badge>
      ))}
    </>
  );
}
