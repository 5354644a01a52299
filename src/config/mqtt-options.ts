// What the MQTT options hold: which topics are read by which profile, and the broker that is bridged in. SPEC rules MQ13,
// MQ17.

import { LIMITS } from '../model/limits.ts';
import { parseFilter } from '../model/topic-filter.ts';
import type { Kind } from './kind.ts';

export const PROFILE_NAMES = [
  'auto',
  'plain',
  'leaves',
  'zigbee2mqtt',
  'tasmota',
  'esphome',
  'collectd',
  'none',
] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

export interface ProfileRule {
  readonly filter: string;
  readonly profile: ProfileName;
}

export interface BridgeAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string | null;
  readonly password: string | null;
}

const DEFAULT_PORT = 1_883;

export const PROFILE_RULES: Kind<readonly ProfileRule[]> = {
  allowed: `at most ${LIMITS.mqttProfileRulesMax} of filter=profile with commas between, the profile one of ${PROFILE_NAMES.join(', ')}`,
  parse: (given) => {
    const rules: ProfileRule[] = [];
    for (const item of given.split(',')) {
      if (item.trim() === '') continue;
      const at = item.lastIndexOf('=');
      const filter = item.slice(0, at).trim();
      const profile = PROFILE_NAMES.find(
        (name) =>
          name ===
          item
            .slice(at + 1)
            .trim()
            .toLowerCase(),
      );
      const parsed = at < 0 ? null : parseFilter(filter);
      if (profile === undefined || parsed === null || !parsed.ok || parsed.value.share !== null)
        return undefined;
      rules.push({ filter, profile });
    }
    return rules.length <= LIMITS.mqttProfileRulesMax ? rules : undefined;
  },
  show: (rules) => rules.map(({ filter, profile }) => `${filter}=${profile}`).join(','),
};

export const BRIDGE_TOPICS: Kind<readonly string[]> = {
  allowed: `1 to ${LIMITS.mqttBridgeTopicsMax} topic filters with commas between`,
  parse: (given) => {
    const filters = given
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
    const fits = filters.length >= 1 && filters.length <= LIMITS.mqttBridgeTopicsMax;
    return fits && filters.every((filter) => parseFilter(filter).ok) ? filters : undefined;
  },
  show: (filters) => filters.join(','),
};

export const BRIDGE_URL: Kind<BridgeAddress> = {
  allowed: 'mqtt://[user:password@]host[:port]',
  parse: (given) => {
    if (!given.startsWith('mqtt://')) return undefined;
    try {
      const { hostname, port, username, password, pathname } = new URL(given.replace(/^mqtt:/, 'http:'));
      if (hostname === '' || pathname !== '/') return undefined;
      return {
        host: hostname.replace(/^\[|\]$/g, ''),
        // The stand-in's own default port reads as none.
        port: port === '' ? (given.includes(`${hostname}:80`) ? 80 : DEFAULT_PORT) : Number(port),
        username: username === '' ? null : decodeURIComponent(username),
        password: password === '' ? null : decodeURIComponent(password),
      };
    } catch {
      return undefined;
    }
  },
  show: ({ host, port, username }) =>
    `mqtt://${username === null ? '' : `${username}@`}${host.includes(':') ? `[${host}]` : host}:${port}`,
};
