// Where the committed order is handed on to.

import { PATH, unset } from '../kind.ts';
import { option } from '../option.ts';

export const SINK_OPTIONS = {
  sinksConfig: option({
    name: 'SINKS_CONFIG',
    kind: unset(PATH),
    default: null,
    help: 'A JSON file with the engines that get every committed reading: PostgreSQL, NATS JetStream, InfluxDB, an MQTT broker, Parquet files. Given to several nodes, one writes and another takes over.',
  }),
};
