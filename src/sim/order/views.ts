// The view that counts for a peer: the last one in its own log, committed or not. SPEC rule SM57.

import type { GroupView } from '../../model/group-view.ts';
import type { OrderPlace } from './watcher.ts';

export interface ViewAt {
  readonly view: GroupView | null;
  /** The index of its entry; 0 when it comes from a base or there is none. */
  readonly index: number;
}

export function latestView(at: Pick<OrderPlace, 'asked' | 'base'>): ViewAt {
  return viewAt(at, at.asked.last);
}

/** The last view at or below `index`. */
export function viewAt({ asked, base }: Pick<OrderPlace, 'asked' | 'base'>, index: number): ViewAt {
  const entry = asked.viewAt(index);
  if (entry?.body.kind === 'view') return { view: entry.body.view, index: entry.index };
  return { view: base?.view ?? null, index: base?.viewId ?? 0 };
}
