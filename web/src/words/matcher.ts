// What a person types to find sensors: a text that stands anywhere, or a topic filter where it has wildcards
// (MQTT 5, 4.7.1), `+` for one level and `#` at the end for all below.

/** `text` is searched for plain words, `name` for a filter. */
export function matcher(query: string): (text: string, name: string) => boolean {
  const wanted = query.trim();
  if (wanted === '') return () => true;
  const levels = wanted.split('/');
  const isFilter = levels.some((level) => level === '+' || level === '#');
  if (isFilter) return (_, name) => covers(levels, name.split('/'));
  const words = wanted.toLowerCase().split(/\s+/);
  return (text) => {
    const searched = text.toLowerCase();
    return words.every((word) => searched.includes(word));
  };
}

function covers(filter: readonly string[], levels: readonly string[]): boolean {
  for (const [at, wanted] of filter.entries()) {
    if (wanted === '#') return true;
    const level = levels[at];
    if (level === undefined || (wanted !== '+' && wanted !== level)) return false;
  }
  return filter.length === levels.length;
}
