// The message of Prometheus' remote write, version 1, as far as it is read here: series with their samples. Metadata,
// exemplars and native histograms are passed over. Source: prometheus.io/docs/specs/prw/remote_write_spec. SPEC rule RW1.

import protobuf from 'protobufjs/light.js';
import { ok, type Result, refused } from '../../kit/result.ts';

const { Field, Root, Type } = protobuf;

export interface Series {
  readonly labels: readonly { readonly name: string; readonly value: string }[];
  readonly samples: readonly { readonly value: number; readonly timestamp: number }[];
}

const label = new Type('Label').add(new Field('name', 1, 'string')).add(new Field('value', 2, 'string'));
const sample = new Type('Sample')
  .add(new Field('value', 1, 'double'))
  .add(new Field('timestamp', 2, 'int64'));
const series = new Type('TimeSeries')
  .add(new Field('labels', 1, 'Label', 'repeated'))
  .add(new Field('samples', 2, 'Sample', 'repeated'));
/** Also for tests, which write such messages. */
export const WRITE_REQUEST = new Type('WriteRequest').add(
  new Field('timeseries', 1, 'TimeSeries', 'repeated'),
);
new Root().add(label).add(sample).add(series).add(WRITE_REQUEST);

export function decodeWriteRequest(bytes: Uint8Array): Result<readonly Series[]> {
  try {
    const message = WRITE_REQUEST.decode(bytes);
    const { timeseries = [] } = WRITE_REQUEST.toObject(message, {
      longs: Number,
      defaults: true,
      arrays: true,
    });
    return ok(timeseries);
  } catch (cause) {
    return refused(cause instanceof Error ? cause.message : String(cause));
  }
}
