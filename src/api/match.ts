// Which sensors are wanted: a topic filter as MQTT has it ([MQTT-4.7]), over the `/`-separated levels of a
// sensor's id. `+` stands for one level, `#` at the end for any number of them, also none. SPEC rule AP9.
//
// Matching walks both lists of levels once; no pattern of a client ever becomes a regular expression.

import { ok, type Result, refused } from '../kit/result.ts';
import { quoted } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';

export interface Match {
  readonly text: string;
  readonly levels: readonly string[];
}

const WHAT_IS_ALLOWED =
  'levels separated by /, + for one whole level, # for the rest, as in bed1/# or +/temperature';

export function parseMatch(text: string): Result<Match> {
  const levels = text.split('/');
  if (text === '' || text.length > LIMITS.sensorIdBytesMax || levels.length > LIMITS.matchLevelsMax) {
    return refused(
      `match has 1 to ${LIMITS.sensorIdBytesMax} characters in at most ${LIMITS.matchLevelsMax} levels: ${WHAT_IS_ALLOWED}`,
    );
  }
  for (const [at, level] of levels.entries()) {
    const isLast = at === levels.length - 1;
    const misplaced = level.includes('#') && !(isLast && level === '#');
    if (misplaced || (level.includes('+') && level !== '+')) {
      return refused(`match is ${WHAT_IS_ALLOWED}; got ${quoted(text)}`);
    }
  }
  return ok({ text, levels });
}

export function matches(match: Match | null, sensor: string): boolean {
  if (match === null) return true;

  const levels = sensor.split('/');
  for (const [at, wanted] of match.levels.entries()) {
    if (wanted === '#') return true;
    if (at >= levels.length) return false;
    if (wanted !== '+' && wanted !== levels[at]) return false;
    // `bed1/#` also stands for `bed1` itself. [MQTT-4.7.1.2]
    if (at === levels.length - 1 && match.levels.length === at + 2 && match.levels[at + 1] === '#')
      return true;
  }
  return levels.length === match.levels.length;
}
