// What a page may send to the desk of a drill, checked. SPEC rule CL30.

import { ok, type Result, refused } from '../../kit/result.ts';
import { LIMITS } from '../../model/limits.ts';
import { type Act, DRILLS } from './desk-state.ts';

const OF_A_NODE = ['kill', 'stop', 'pause', 'resume', 'start'] as const;
const ALONE = ['heal', 'begin', 'end'] as const;
const ALLOWED = `"act" is one of ${[...OF_A_NODE, 'slow', 'cut', ...ALONE, 'drill'].join(', ')}`;

export function parseAct(text: string): Result<Act> {
  const given = objectOf(text);
  if (given === null) return refused(`an act is one JSON object; ${ALLOWED}`);
  const { act, node, side, delay_ms: delayMs, drill } = given;
  const ofNode = OF_A_NODE.find((one) => one === act);
  if (ofNode !== undefined) {
    return typeof node === 'string' ? ok({ act: ofNode, node }) : refused('"node" is the id of a node');
  }
  const alone = ALONE.find((one) => one === act);
  if (alone !== undefined) return ok({ act: alone });
  if (act === 'slow') return slowOf(node, delayMs);
  if (act === 'cut') {
    const isList = Array.isArray(side) && side.every((one): one is string => typeof one === 'string');
    return isList ? ok({ act: 'cut', side }) : refused('"side" lists the ids of the nodes on one side');
  }
  if (act === 'drill') {
    const name = DRILLS.find((one) => one === drill);
    return name ? ok({ act: 'drill', drill: name }) : refused(`"drill" is one of ${DRILLS.join(', ')}`);
  }
  return refused(ALLOWED);
}

function slowOf(node: unknown, delayMs: unknown): Result<Act> {
  if (typeof node !== 'string') return refused('"node" is the id of a node');
  if (typeof delayMs !== 'number' || !(delayMs >= 0 && delayMs <= LIMITS.drillDelayMsMax)) {
    return refused(`"delay_ms" is a number from 0 to ${LIMITS.drillDelayMsMax}`);
  }
  return ok({ act: 'slow', node, delayMs });
}

function objectOf(text: string): { readonly [name: string]: unknown } | null {
  try {
    const given: unknown = JSON.parse(text);
    return typeof given === 'object' && given !== null ? { ...given } : null;
  } catch {
    return null;
  }
}
