// OTLP's metrics, as far as they are read here, in both its encodings. Names and numbers are those of
// github.com/open-telemetry/opentelemetry-proto (metrics/v1, common/v1, resource/v1). SPEC rule OT1.

import protobuf from 'protobufjs/light.js';

const { Field, Root, Type } = protobuf;

type Fields = readonly (readonly [name: string, id: number, type: string, rule?: string])[];

const POINT: Fields = [['timeUnixNano', 3, 'fixed64']];
const TYPES: { readonly [type: string]: Fields } = {
  AnyValue: [
    ['stringValue', 1, 'string'],
    ['boolValue', 2, 'bool'],
    ['intValue', 3, 'int64'],
    ['doubleValue', 4, 'double'],
  ],
  KeyValue: [
    ['key', 1, 'string'],
    ['value', 2, 'AnyValue'],
  ],
  Resource: [['attributes', 1, 'KeyValue', 'repeated']],
  NumberDataPoint: [
    ...POINT,
    ['asDouble', 4, 'double'],
    ['asInt', 6, 'sfixed64'],
    ['attributes', 7, 'KeyValue', 'repeated'],
    ['flags', 8, 'uint32'],
  ],
  HistogramDataPoint: [
    ...POINT,
    ['count', 4, 'fixed64'],
    ['sum', 5, 'double'],
    ['bucketCounts', 6, 'fixed64', 'repeated'],
    ['explicitBounds', 7, 'double', 'repeated'],
    ['attributes', 9, 'KeyValue', 'repeated'],
    ['flags', 10, 'uint32'],
    ['min', 11, 'double'],
    ['max', 12, 'double'],
  ],
  ExponentialHistogramDataPoint: [
    ['attributes', 1, 'KeyValue', 'repeated'],
    ...POINT,
    ['count', 4, 'fixed64'],
    ['sum', 5, 'double'],
    ['flags', 10, 'uint32'],
    ['min', 12, 'double'],
    ['max', 13, 'double'],
  ],
  ValueAtQuantile: [
    ['quantile', 1, 'double'],
    ['value', 2, 'double'],
  ],
  SummaryDataPoint: [
    ...POINT,
    ['count', 4, 'fixed64'],
    ['sum', 5, 'double'],
    ['quantileValues', 6, 'ValueAtQuantile', 'repeated'],
    ['attributes', 7, 'KeyValue', 'repeated'],
    ['flags', 8, 'uint32'],
  ],
  Gauge: [['dataPoints', 1, 'NumberDataPoint', 'repeated']],
  Sum: [['dataPoints', 1, 'NumberDataPoint', 'repeated']],
  Histogram: [['dataPoints', 1, 'HistogramDataPoint', 'repeated']],
  ExponentialHistogram: [['dataPoints', 1, 'ExponentialHistogramDataPoint', 'repeated']],
  Summary: [['dataPoints', 1, 'SummaryDataPoint', 'repeated']],
  Metric: [
    ['name', 1, 'string'],
    ['unit', 3, 'string'],
    ['gauge', 5, 'Gauge'],
    ['sum', 7, 'Sum'],
    ['histogram', 9, 'Histogram'],
    ['exponentialHistogram', 10, 'ExponentialHistogram'],
    ['summary', 11, 'Summary'],
  ],
  ScopeMetrics: [['metrics', 2, 'Metric', 'repeated']],
  ResourceMetrics: [
    ['resource', 1, 'Resource'],
    ['scopeMetrics', 2, 'ScopeMetrics', 'repeated'],
  ],
  ExportRequest: [['resourceMetrics', 1, 'ResourceMetrics', 'repeated']],
  PartialSuccess: [
    ['rejectedDataPoints', 1, 'int64'],
    ['errorMessage', 2, 'string'],
  ],
  ExportResponse: [['partialSuccess', 1, 'PartialSuccess']],
};

const root = new Root();
for (const [name, fields] of Object.entries(TYPES)) {
  const type = new Type(name);
  for (const [field, id, kind, rule] of fields) type.add(new Field(field, id, kind, rule));
  root.add(type);
}

export const EXPORT_REQUEST = root.lookupType('ExportRequest');
export const EXPORT_RESPONSE = root.lookupType('ExportResponse');
