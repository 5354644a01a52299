// The table of contents of segments that were not scanned. SPEC rule ST34.

import type { Row } from './search.ts';
import { HEADER_BYTES } from './segment.ts';
import { emptySegment, type LogSegment } from './segments.ts';

/** The segments that need no scan, from their headers alone: each header says what stands in the one before it. */
export function fromHeaders(rows: readonly Row[], behind: Row | undefined): LogSegment[] {
  const segments: LogSegment[] = [];
  const headers = [...rows, ...(behind ? [behind] : [])];
  // Behind the last one that was begun there are but blank ones.
  const lastBegun = behind ? headers.length : headers.findLastIndex(({ header }) => header !== undefined);
  for (const [at, row] of rows.entries()) {
    const next = headers[at + 1];
    const { header } = row;
    const told = next?.header;
    // One that was written anew begins where it holds the log, which may be before what it followed once.
    // Where the header behind is lost, nobody says how far back the log was cut in it: not to what was committed.
    const sure = header && at < lastBegun ? Math.min(header.first, header.floor + 1) : header?.first;
    const from = told ? Math.min(told.prevFrom, told.first) : sure;
    if (from === undefined) continue;
    for (const earlier of segments) {
      if (earlier.from > from) earlier.chain = null;
      earlier.from = Math.min(earlier.from, from);
      earlier.to = Math.min(earlier.to, from - 1);
    }
    if (row.type === 'missing' || row.type === 'blank') continue;
    const segment = emptySegment({
      number: row.number,
      bytes: row.bytes,
      end: row.bytes,
      from,
      sequence: (told && from === told.first ? told.sequence : told?.prevSequence) ?? header?.sequence ?? 1,
      chain: header?.first === from ? header.chain : null,
    });
    segment.to = told ? told.first - 1 : Number.MAX_SAFE_INTEGER;
    segment.scanned = HEADER_BYTES;
    segment.sealed = told === undefined ? null : { index: told.first - 1, chain: told.chain };
    segment.hasCuts = told?.prevHasCuts ?? true;
    segments.push(segment);
  }
  // Where the header behind is lost and cannot be known, what stands here is not known either.
  for (const segment of segments) if (segment.to === Number.MAX_SAFE_INTEGER) segment.to = segment.from - 1;
  return segments;
}
