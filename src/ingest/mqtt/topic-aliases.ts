// The topics that a client has given numbers, so that it need not repeat them (MQTT 5, 3.3.2.3.4). SPEC rules MQ1, MQ2.

import { ok, type Result, refused } from '../../kit/result.ts';
import { LIMITS } from '../../model/limits.ts';
import { topicProblem } from '../../model/topic-filter.ts';
import { type Publish, REASON } from './packet.ts';
import type { BadPacket } from './packet-reader.ts';

export class TopicAliases {
  readonly #topics = new Map<number, string>();

  /** The topic of a publish, by its alias where it says so. */
  topicOf({ topic, properties: { topicAlias } }: Publish): Result<string, BadPacket> {
    let named = topic;
    if (topicAlias !== undefined) {
      if (topicAlias === 0 || topicAlias > LIMITS.mqttTopicAliasMax) {
        const why = `a topic alias is from 1 to ${LIMITS.mqttTopicAliasMax}`;
        return refused({ code: REASON.topicAliasInvalid, why });
      }
      if (topic === '') named = this.#topics.get(topicAlias) ?? '';
      else this.#topics.set(topicAlias, topic);
    }
    const why = topicProblem(named);
    return why === null ? ok(named) : refused({ code: REASON.topicInvalid, why }); // [MQTT-3.3.2-2]
  }
}
