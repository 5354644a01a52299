// The lines with which other programs read this sensor, and write it: to be pasted as they stand.

import { useEffect, useState } from 'preact/hooks';
import type { Health } from '../../../src/api/schema.ts';
import { pastPath } from '../live/past.ts';
import type { SensorEntry } from '../live/sensor-book.ts';
import { get, linkState } from '../live/store.ts';
import { CopyLine } from './controls.tsx';
import { Panel } from './panel.tsx';

export interface TakeAlongProps {
  readonly sensor: string;
  readonly entry: SensorEntry | undefined;
}

export function TakeAlong({ sensor, entry }: TakeAlongProps) {
  const { base, phase } = linkState.value;
  const [health, setHealth] = useState<Health | null>(null);
  useEffect(() => {
    if (phase !== 'live') return;
    get<Health>('/healthz').then(setHealth, () => {});
  }, [base, phase]);
  const url = new URL(base === '' ? location.origin : base);
  const api = url.origin;
  const history = pastPath({ sensor, from: 'now-1h', format: 'csv' });
  const stream = `/api/v1/stream?${new URLSearchParams({ match: sensor })}`;
  const grafana = `${pastPath({ sensor, points: '500' })}&from=\${__from}&to=\${__to}`;
  const reading = JSON.stringify({
    sensor,
    value: entry?.row.value ?? 0,
    unit: entry?.row.unit || undefined,
  });
  const isTopic = !/[+#]/.test(sensor);
  const { ingest_port: ingest = null, mqtt_port: mqtt = null } = health ?? {};
  return (
    <Panel title="Take along" note="Lines for other programs, with this node's own address">
      <CopyLine label="History" text={`curl ${quoted(api + history)}`} />
      {isTopic && <CopyLine label="Follow" text={`curl -N ${quoted(api + stream)}`} />}
      {ingest !== null && (
        <CopyLine
          label="Write"
          text={`curl ${quoted(`${url.protocol}//${url.hostname}:${ingest}/ingest`)} -d ${quoted(reading)}`}
        />
      )}
      {mqtt !== null && isTopic && (
        <CopyLine label="MQTT" text={`mosquitto_sub -h ${url.hostname} -p ${mqtt} -t ${quoted(sensor)} -v`} />
      )}
      <CopyLine label="Grafana" text={api + grafana} />
      <CopyLine label="Prometheus" text={`sensorium_sensor_value{sensor=${JSON.stringify(sensor)}}`} />
    </Panel>
  );
}

/** One word of a POSIX shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
