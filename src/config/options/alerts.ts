// What people are told of by themselves.

import { PATH, unset } from '../kind.ts';
import { option } from '../option.ts';

export const ALERT_OPTIONS = {
  alertsConfig: option({
    name: 'ALERTS_CONFIG',
    kind: unset(PATH),
    default: null,
    help: 'A JSON file with rules for values and the webhooks that are told. Given to all nodes, each alert is told once. Without it, sensors that fall silent are noticed and shown.',
  }),
};
