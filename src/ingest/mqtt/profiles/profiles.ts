// Which profile reads which topic: the operator's rules first, in their order, then those for the topics that families of
// devices use unless told otherwise. SPEC rules MQ13, MQ14.

import type { ProfileName, ProfileRule } from '../../../config/mqtt-options.ts';
import { matchesTopic } from '../../../model/topic-filter.ts';
import { collectd } from './collectd.ts';
import { esphome, tasmota, zigbee2mqtt } from './devices.ts';
import { automatic, leaves, plain } from './plain.ts';
import { MESSAGE, type Profile, type Understood } from './profile.ts';

const PROFILES: { readonly [name in ProfileName]: Profile } = {
  auto: automatic,
  plain,
  leaves,
  zigbee2mqtt,
  tasmota,
  esphome,
  collectd,
  none: () => MESSAGE,
};

/** `homeassistant/…/config` describes; what it says is read by `discovered.ts`. */
const BUILT_IN: readonly ProfileRule[] = [
  { filter: 'homeassistant/#', profile: 'none' },
  { filter: 'zigbee2mqtt/#', profile: 'zigbee2mqtt' },
  { filter: 'tele/#', profile: 'tasmota' },
  { filter: 'stat/#', profile: 'tasmota' },
  { filter: 'cmnd/#', profile: 'none' },
  { filter: '+/sensor/+/state', profile: 'esphome' },
  { filter: '+/binary_sensor/+/state', profile: 'esphome' },
  { filter: '+/switch/+/state', profile: 'esphome' },
  { filter: '+/text_sensor/+/state', profile: 'esphome' },
  { filter: 'collectd/#', profile: 'collectd' },
];

const TOPICS_KEPT = 16_384;

export class Profiles {
  readonly #rules: readonly ProfileRule[];
  /** Of topics that were seen not long ago. */
  readonly #byTopic = new Map<string, Profile>();

  constructor(rules: readonly ProfileRule[]) {
    this.#rules = [...rules, ...BUILT_IN];
  }

  read(topic: string, payload: Buffer): Understood {
    return this.#profileOf(topic)(topic, payload);
  }

  /** Whether a number on a topic that is a sensor's is its reading, whatever number it is. */
  readsNumbers(topic: string): boolean {
    const profile = this.#profileOf(topic);
    return profile === automatic || profile === plain || profile === leaves;
  }

  #profileOf(topic: string): Profile {
    const known = this.#byTopic.get(topic);
    if (known !== undefined) return known;
    const rule = this.#rules.find(({ filter }) => matchesTopic(filter, topic));
    const profile = PROFILES[rule?.profile ?? 'auto'];
    if (this.#byTopic.size >= TOPICS_KEPT) this.#byTopic.clear();
    this.#byTopic.set(topic, profile);
    return profile;
  }
}
