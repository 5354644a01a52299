// Which files of a history log are not what was written, for one who looks at all of them. A start reads no more than
// the headers of what a base covers, so what is wrong there stays unknown to the engine until somebody reads it.
// SPEC rules SM58, ST41.

import { type Scan, scanSegment } from '../../storage/history/scan.ts';
import { type SegmentHeader, segmentNumber } from '../../storage/history/segment.ts';
import type { MemoryDisk } from '../../storage/memory-disk.ts';
import { sameChain } from '../../wire/entry.ts';

/** Their names. To be asked where nothing is being written. */
export function scarsOf(memory: MemoryDisk): ReadonlySet<string> {
  const scars = new Set<string>();
  let behind: SegmentHeader | null = null;
  let isBegun = false;
  for (const name of memory.names.toReversed()) {
    const number = segmentNumber(name);
    const bytes = memory.content(name);
    if (number === null || bytes === null) continue;
    const scan = scanSegment(number, bytes, []);
    // Behind the last one that was begun there are but blank ones.
    if (!isBegun && scan.contentEnd === 0) continue;
    isBegun = true;
    if (!isWhole(scan, behind)) scars.add(name);
    behind = scan.header;
  }
  return scars;
}

/** `behind`: the header of the segment behind it, which says where the log ended with this one. */
function isWhole({ header, pieces }: Scan, behind: SegmentHeader | null): boolean {
  if (header === null || pieces.some(({ type }) => type === 'bad')) return false;
  const last = pieces.at(-1);
  if (behind === null || last === undefined || last.type === 'bad') return behind === null;
  return last.record.index === behind.first - 1 && sameChain(last.record.chain, behind.chain);
}
