// Writers that post to a node without a pause until it stops answering, and what it answered to them.

import type { SiteNode } from './site-node.ts';

export interface Load {
  /** Sensors whose reading was answered with 200, and the value. */
  readonly answered: ReadonlyMap<string, number>;
  /** Resolves when every writer has given up. */
  readonly ended: Promise<void>;
}

/** Each request writes `batch` sensors that no other request writes. */
export function loadOn(node: SiteNode, name: string, writers: number, batch: number): Load {
  const answered = new Map<string, number>();
  const write = async (writer: number): Promise<void> => {
    for (let request = 0; ; request++) {
      const readings = Array.from({ length: batch }, (_, at) => ({
        sensor: `${name}/${writer}/${request}/${at}`,
        value: request * batch + at,
      }));
      const response = await node.post(readings).catch(() => null);
      if (response === null) return;
      const answer = await response.text().catch(() => '');
      if (response.status !== 200 || !answer.includes(`"accepted":${batch}`)) return;
      for (const { sensor, value } of readings) answered.set(sensor, value);
    }
  };
  const all = Array.from({ length: writers }, (_, writer) => write(writer));
  return { answered, ended: Promise.all(all).then(() => {}) };
}

/** Answered readings that a node does not show. */
export async function missingAt(node: SiteNode, answered: ReadonlyMap<string, number>): Promise<string[]> {
  const state = await node.state();
  const values = new Map(
    Object.entries(state).map(([id, { value }]) => [id.slice(id.indexOf(':') + 1), value]),
  );
  return [...answered].filter(([sensor, value]) => values.get(sensor) !== value).map(([sensor]) => sensor);
}
