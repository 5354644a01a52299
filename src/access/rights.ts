// What a device may publish and subscribe to, said in patterns as MQTT has them. A subscription is allowed where one of
// the device's patterns takes in all that the subscription could ever match, so that nothing has to be looked at again
// for each message. SPEC rules AC4, AC5.

import { ok, type Result, refused } from '../kit/result.ts';
import { quoted } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { matchesTopic, parseFilter } from '../model/topic-filter.ts';

export function mayPublish(patterns: readonly string[], topic: string): boolean {
  return !topic.startsWith('$') && patterns.some((pattern) => matchesTopic(pattern, topic));
}

export function maySubscribe(patterns: readonly string[], wanted: string): boolean {
  return patterns.some((pattern) => covers(pattern, wanted));
}

/** Whether every topic that `wanted` matches is one that `pattern` matches. */
export function covers(pattern: string, wanted: string): boolean {
  // Wildcards at the beginning take in nothing that begins with $. [MQTT-4.7.2-1]
  if (wanted.startsWith('$') && /^[+#]/.test(pattern)) return false;
  const given = pattern.split('/');
  const asked = wanted.split('/');
  for (const [at, level] of given.entries()) {
    if (level === '#') return true;
    const other = asked[at];
    if (other === undefined || other === '#') return false;
    if (level !== '+' && level !== other) return false;
  }
  // `bed1/#` is asked where `bed1/+` alone is given, or `bed1`.
  return asked.length === given.length;
}

/** Patterns as an operator writes them. */
export function parsePatterns(what: string, texts: readonly string[]): Result<readonly string[]> {
  const { devicePatternsMax, devicePatternBytesMax } = LIMITS;
  if (texts.length > devicePatternsMax) {
    return refused(`a device has at most ${devicePatternsMax} patterns to ${what}, got ${texts.length}`);
  }
  for (const text of texts) {
    const filter = parseFilter(text);
    if (!filter.ok) return filter;
    if (filter.value.share !== null) return refused(`a right names no share: ${quoted(text)}`);
    if (Buffer.byteLength(text) > devicePatternBytesMax) {
      return refused(`a right has at most ${devicePatternBytesMax} bytes: ${quoted(text)}`);
    }
    if (what === 'publish' && text.startsWith('$')) {
      return refused(`what begins with $ is the node's own and cannot be published to: ${quoted(text)}`);
    }
  }
  return ok([...new Set(texts)]);
}
