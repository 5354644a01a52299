// The sensor of a series, as metrics programs name them: a name, and then each of its labels as a level `key=value`,
// sorted by key. So a filter such as `cpu/+/host=roof` finds them, one series is one sensor whatever the order of its
// labels, and two never share one. SPEC rule IN18.

import { type Result, refused } from '../kit/result.ts';
import { parseSensorId, quoted, type SensorId } from '../model/ids.ts';

/** What has a meaning in a sensor id or a filter, and what marks an encoded one. */
const IN_NAME = /[%+#]/g;
const IN_LABEL = /[%+#/]/g;

export function seriesId(
  name: string,
  labels: Iterable<readonly [key: string, value: string]>,
): Result<SensorId> {
  const levels = [...labels].map(
    ([key, value]) => [encoded(key, IN_LABEL), encoded(value, IN_LABEL)] as const,
  );
  levels.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  const twice = levels.find(([key], at) => key === levels[at + 1]?.[0]);
  if (twice !== undefined) return refused(`the tag ${quoted(twice[0])} is there twice`);

  const path = [encoded(name, IN_NAME), ...levels.map((level) => level.join('='))].join('/');
  const sensor = parseSensorId(path);
  return sensor.ok ? sensor : refused(`its name and tags make no sensor id: ${sensor.problem}`);
}

function encoded(text: string, marks: RegExp): string {
  return text.replace(marks, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
