// Whether there is a phone's width to draw on; the same width as in the style sheets.

import { useEffect, useState } from 'preact/hooks';

const query = matchMedia('(max-width: 760px)');

export function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(query.matches);
  useEffect(() => {
    const changed = () => setNarrow(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);
  return isNarrow;
}
