// What the parts of an election share.

import type { GroupMember } from '../../model/group-view.ts';
import type { PeerId } from '../../model/ids.ts';
import type { ElectionOptions } from './options.ts';
import type { Promises } from './promises.ts';
import type { Rivals } from './rivals.ts';
import type { ElectionRules } from './rules.ts';
import type { Standing } from './standing.ts';
import type { Succession } from './succession.ts';

export interface ElectionParts {
  readonly self: { readonly peer: PeerId; readonly priority: number | null };
  /** Another one when the group is, or the disk. */
  standing: Standing;
  readonly options: ElectionOptions;
  readonly rules: ElectionRules;
  readonly promises: Promises;
  readonly rivals: Rivals;
  readonly succession: Succession;
}

const NOWHERE = { host: '', port: 0 };

/** The peer as one of the voters; where it can be reached does not matter here. */
export function asMember({ self, standing }: ElectionParts): GroupMember {
  return { ...self, identity: standing.identity, address: NOWHERE };
}

export function mayRun({ self, standing }: ElectionParts): boolean {
  return self.priority !== null && standing.role === 'voter' && standing.isFit;
}
