// The history plane of a peer that has none: nothing is ordered, and whoever asks for more than `stored` is told so.

import type { HistoryCarrier } from './log-source.ts';

export const NO_HISTORY: HistoryCarrier = {
  extent: () => ({ group: null, firstIndex: 1, first: 1, index: 0, watermark: 0 }),
  read: async () => [],
  view: () => ({
    group: null,
    viewId: 0,
    role: 'stranger',
    leader: null,
    ballot: null,
    voters: [],
    learners: [],
    present: [],
    quorum: false,
    watermark: 0,
    commitIndex: 0,
    lastIndex: 0,
    outbox: 0,
  }),
  committedN: () => 0,
  command: () => {},
};
