// Topics and filters as MQTT has them (MQTT 5, 4.7), and shared subscriptions (4.8.2). Matching walks both once, level by
// level, and makes nothing: it stands on the way of every message. SPEC rules MQ6, MQ10.

import { ok, type Result, refused } from '../kit/result.ts';
import { quoted, utf8Length } from './ids.ts';
import { LIMITS } from './limits.ts';

const SHARE = '$share/';

export interface Filter {
  /** As it was asked for. */
  readonly text: string;
  /** What topics are matched with: `text` without what makes it shared. */
  readonly pattern: string;
  /** Null: not shared. */
  readonly share: string | null;
}

export function topicProblem(topic: string): string | null {
  if (topic === '') return 'a topic is not empty';
  if (topic.includes('+') || topic.includes('#')) return 'a topic to publish to holds no + or #';
  if (isTooLong(topic)) return `a topic has at most ${LIMITS.mqttTopicBytesMax} bytes`;
  return null;
}

export function parseFilter(text: string): Result<Filter> {
  let pattern = text;
  let share: string | null = null;
  if (text.startsWith(SHARE)) {
    const end = text.indexOf('/', SHARE.length);
    share = text.slice(SHARE.length, end < 0 ? undefined : end);
    pattern = end < 0 ? '' : text.slice(end + 1);
    // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
    if (share === '' || /[+#]/.test(share))
      return refused(`a share has a name without + and #: ${quoted(text)}`);
  }
  if (pattern === '') return refused('a filter is not empty');
  if (isTooLong(text)) return refused(`a filter has at most ${LIMITS.mqttTopicBytesMax} bytes`);
  const levels = pattern.split('/');
  for (const [at, level] of levels.entries()) {
    const isLast = at === levels.length - 1;
    const misplaced = level.includes('#') && !(isLast && level === '#');
    if (misplaced || (level.includes('+') && level !== '+')) {
      return refused(`+ stands for one whole level of a filter, # for the rest at its end: ${quoted(text)}`);
    }
  }
  return ok({ text, pattern, share });
}

/** Whether a pattern takes a topic in. A wildcard at the beginning takes no topic that begins with $. [MQTT-4.7.2-1] */
export function matchesTopic(pattern: string, topic: string): boolean {
  if (pattern === topic) return true;
  const first = pattern.charCodeAt(0);
  if (topic.charCodeAt(0) === DOLLAR && (first === PLUS || first === HASH)) return false;

  let p = 0;
  let t = 0;
  for (;;) {
    const pEnd = levelEnd(pattern, p);
    const sign = pEnd === p + 1 ? pattern.charCodeAt(p) : 0;
    if (sign === HASH) return true;
    const tEnd = levelEnd(topic, t);
    if (sign !== PLUS && !sameLevel(pattern, p, pEnd, topic, t, tEnd)) return false;
    const topicEnds = tEnd === topic.length;
    if (pEnd === pattern.length) return topicEnds;
    // `bed1/#` also stands for `bed1` itself. [MQTT-4.7.1-2]
    if (topicEnds) return pattern.length === pEnd + 2 && pattern.charCodeAt(pEnd + 1) === HASH;
    p = pEnd + 1;
    t = tEnd + 1;
  }
}

const PLUS = 0x2b;
const HASH = 0x23;
const DOLLAR = 0x24;

function levelEnd(text: string, from: number): number {
  const end = text.indexOf('/', from);
  return end < 0 ? text.length : end;
}

function sameLevel(a: string, aFrom: number, aEnd: number, b: string, bFrom: number, bEnd: number): boolean {
  if (aEnd - aFrom !== bEnd - bFrom) return false;
  for (let i = 0; i < aEnd - aFrom; i++) {
    if (a.charCodeAt(aFrom + i) !== b.charCodeAt(bFrom + i)) return false;
  }
  return true;
}

function isTooLong(text: string): boolean {
  return text.length > LIMITS.mqttTopicBytesMax || utf8Length(text) > LIMITS.mqttTopicBytesMax;
}
