// What each node sees of the others: asked of every node, for as long as somebody looks. A node that does not answer has
// nothing to say.

import { useEffect, useState } from 'preact/hooks';
import type { Member } from '../../../src/api/schema.ts';
import { getFrom, isGone, link, linkState, members } from './store.ts';

/** By node: the members as it sees them. */
export type Eyes = ReadonlyMap<string, readonly Member[]>;

const AGAIN_MS = 3_000;
const ANSWER_MS = 2_000;

export function useEyes(): Eyes {
  const [eyes, setEyes] = useState<Eyes>(new Map());
  const { phase } = linkState.value;
  useEffect(() => {
    if (phase !== 'live') return undefined;
    let isOver = false;
    const look = async () => {
      const asked = members.peek().filter((member) => !member.self && !isGone(member) && member.api_port > 0);
      const answers = await Promise.all(
        asked.map(async (member) => {
          const stop = AbortSignal.timeout(ANSWER_MS);
          const seen = await getFrom<readonly Member[]>(link.baseOf(member), '/api/v1/members', stop).catch(
            () => null,
          );
          return seen === null ? [] : [[member.id, seen] as const];
        }),
      );
      if (!isOver) setEyes(new Map(answers.flat()));
    };
    void look();
    const timer = setInterval(look, AGAIN_MS);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [phase]);
  return eyes;
}
