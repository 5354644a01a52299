// The rules of election and ordering in one object: the sound ones, and the place where the simulator puts broken
// ones.

import { ELECTION_RULES, type ElectionRules } from '../protocol/election/rules.ts';
import { ORDERING_RULES, type OrderingRules } from '../protocol/ordering/rules.ts';

export interface HistoryRules {
  readonly election: ElectionRules;
  readonly ordering: OrderingRules;
}

export const SOUND_RULES: HistoryRules = { election: ELECTION_RULES, ordering: ORDERING_RULES };
