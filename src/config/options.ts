// The table of all options. From it come flags, environment names, keys of the config file, defaults,
// profiles, help, docs/options.md and .env.example. The keys are the fields of `Config`. SPEC rule CF1.

import type { Option, ValuesOf } from './option.ts';
import { ALERT_OPTIONS } from './options/alerts.ts';
import { HISTORY_OPTIONS } from './options/history.ts';
import { INPUT_OPTIONS } from './options/inputs.ts';
import { FAULT_OPTIONS, NETWORK_OPTIONS } from './options/network.ts';
import { NODE_OPTIONS } from './options/node.ts';
import { SINK_OPTIONS } from './options/sinks.ts';
import { GOSSIP_OPTIONS, MEMBERSHIP_OPTIONS } from './options/state.ts';

export const OPTIONS = {
  ...NODE_OPTIONS,
  ...NETWORK_OPTIONS,
  ...INPUT_OPTIONS,
  ...MEMBERSHIP_OPTIONS,
  ...GOSSIP_OPTIONS,
  ...FAULT_OPTIONS,
  ...HISTORY_OPTIONS,
  ...SINK_OPTIONS,
  ...ALERT_OPTIONS,
};

export type OptionValues = ValuesOf<typeof OPTIONS>;

export interface Group {
  readonly title: string;
  readonly options: readonly Option<unknown>[];
}

/** In the order people read them. */
export const GROUPS: readonly Group[] = [
  { title: 'Node', options: Object.values(NODE_OPTIONS) },
  { title: 'Network', options: Object.values(NETWORK_OPTIONS) },
  { title: 'Inputs', options: Object.values(INPUT_OPTIONS) },
  { title: 'Membership', options: Object.values(MEMBERSHIP_OPTIONS) },
  { title: 'Replication', options: Object.values(GOSSIP_OPTIONS) },
  { title: 'Fault injection', options: Object.values(FAULT_OPTIONS) },
  { title: 'Ordered history', options: Object.values(HISTORY_OPTIONS) },
  { title: 'Sinks', options: Object.values(SINK_OPTIONS) },
  { title: 'Alerts', options: Object.values(ALERT_OPTIONS) },
];
