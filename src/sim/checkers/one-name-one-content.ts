// `(origin, identity, n)` names one record for ever, at every peer. SPEC rule SM12.
//
// One exception is the world's, not ours: an origin that comes back with an old copy of its disk cannot know
// that it has given some numbers already until somebody tells it. Then either content is right.

import type { Fact } from '../../model/fact.ts';
import { identityText } from '../../model/ids.ts';
import type { Record, Value } from '../../model/reading.ts';
import type { DiskWrite } from '../disk.ts';
import type { Ledger } from '../ledger.ts';
import type { Place } from '../watcher.ts';
import { Checker, type Complain } from './checker.ts';

export class OneNameOneContent extends Checker {
  readonly rule = 'one name, one content';
  readonly #ledger: Ledger;

  constructor(complain: Complain, ledger: Ledger) {
    super(complain);
    this.#ledger = ledger;
  }

  override durable(at: Place, write: DiskWrite): void {
    if (write.type !== 'batch') return;
    const { identity, records } = write.batch;
    const contents = this.#ledger.stream(at.peer, identity)?.contents;
    for (const { n } of records) {
      if ((contents?.[n - 1]?.length ?? 0) > 1 && !this.#ledger.wasCopied(at.peer)) {
        this.complain(at, `wrote ${identityText(identity)} ${n} twice`);
      }
      if (n > 1 && contents?.[n - 2] === undefined) {
        this.complain(at, `wrote ${identityText(identity)} ${n} and never ${n - 1}`);
      }
    }
  }

  override announced(at: Place, fact: Fact): void {
    if (fact.type !== 'registers-changed') return;
    const { origin, identity, records } = fact;
    const contents = this.#ledger.stream(origin, identity)?.contents;
    for (const record of records) {
      const written = contents?.[record.n - 1] ?? [];
      if (written.some((content) => content === record || sameRecord(content, record))) continue;
      this.complain(at, `holds something else as ${origin} ${identityText(identity)} ${record.n}`);
    }
  }
}

export function sameRecord(a: Record, b: Record): boolean {
  if (a.n !== b.n || a.sensor !== b.sensor) return false;
  switch (a.kind) {
    case 'reading':
      return (
        b.kind === 'reading' &&
        a.tsMs === b.tsMs &&
        a.ingestTsMs === b.ingestTsMs &&
        a.lwwTsMs === b.lwwTsMs &&
        sameValue(a.value, b.value)
      );
    case 'meta':
      return b.kind === 'meta' && a.unit === b.unit && a.periodMs === b.periodMs;
    case 'tombstone':
      return b.kind === 'tombstone' && a.lwwTsMs === b.lwwTsMs;
  }
}

export function sameValue(a: Value, b: Value): boolean {
  if (typeof a !== 'object' || typeof b !== 'object') return a === b;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
