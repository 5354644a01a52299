// The last line of each sensor in the order as it ended at a moment: the same at every node. SPEC rule UI26.

import { useEffect, useState } from 'preact/hooks';
import type { LogRow } from '../../../src/api/log-row.ts';
import type { SampleRow } from '../../../src/api/sample-routes.ts';
import type { LogPage } from '../../../src/api/schema.ts';
import { problemText } from '../live/polled.ts';
import { get } from '../live/store.ts';
import { href } from '../router.ts';
import { ageText, countText, unitText, valueText } from '../words/text.ts';
import { Empty, Panel } from './panel.tsx';
import { Table } from './table.tsx';

const VALUES_BACK = 4_000;
const VALUES_MAX = 300;
/** While the slider moves, the values are not asked for. */
const SETTLE_MS = 250;

interface Values {
  readonly watermark: number;
  readonly rows: readonly LogRow[];
  readonly isWhole: boolean;
  readonly problem: string;
}

export function ValuesThen({ sample }: { readonly sample: SampleRow }) {
  const { watermark, ts_ms: atMs } = sample;
  const [values, setValues] = useState<Values | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(() => {
      readValues(watermark, stop.signal)
        .then(setValues)
        .catch((error) => {
          if (!stop.signal.aborted)
            setValues({ watermark, rows: [], isWhole: true, problem: problemText(error) });
        });
    }, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [watermark]);
  const rows = values?.rows ?? [];
  const note =
    values === null
      ? 'reading …'
      : `${countText(rows.length)} sensors, as the order ended with ${countText(values.watermark)}${values.isWhole ? '' : `, of the last ${countText(VALUES_BACK)} readings`}`;
  return (
    <Panel title="Values then" note={note} flush>
      {values !== null && rows.length === 0 ? (
        <Empty title="No reading was committed by then">{values.problem}</Empty>
      ) : (
        <Table
          label="Values then"
          rows={rows.slice(0, VALUES_MAX)}
          rowKey={({ sensor }) => sensor}
          columns={[
            {
              key: 'sensor',
              title: 'Sensor',
              cell: ({ sensor }) => <a href={href('sensor', sensor)}>{sensor}</a>,
            },
            {
              key: 'value',
              title: 'Value',
              cell: ({ value, unit }) => (
                <>
                  {valueText(value)} <small>{unitText(unit)}</small>
                </>
              ),
            },
            { key: 'origin', title: 'Origin', cell: ({ origin }) => origin, isMinor: true },
            {
              key: 'age',
              title: 'Age then',
              isNumber: true,
              cell: ({ ts_ms }) => ageText(Math.max(0, atMs - ts_ms)),
            },
            {
              key: 'sequence',
              title: 'Sequence',
              isNumber: true,
              cell: ({ sequence }) => countText(sequence),
            },
          ]}
        />
      )}
    </Panel>
  );
}

async function readValues(watermark: number, stop: AbortSignal): Promise<Values> {
  if (watermark === 0) return { watermark, rows: [], isWhole: true, problem: '' };
  const from = Math.max(1, watermark - VALUES_BACK + 1);
  const page = await get<LogPage>(`/api/v1/log?from=${from}&limit=${VALUES_BACK}`, stop);
  const last = new Map<string, LogRow>();
  for (const row of page.readings) {
    // What the site itself keeps in the order, such as alerts, is no sensor.
    if (row.sequence <= watermark && !row.sensor.startsWith('$')) last.set(row.sensor, row);
  }
  const rows = [...last.values()].sort((a, b) => (a.sensor < b.sensor ? -1 : 1));
  return { watermark, rows, isWhole: page.first >= from, problem: '' };
}
