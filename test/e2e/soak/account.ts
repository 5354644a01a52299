// Holds the history of a site to account: every reading that was answered stands in it once, under the number that was
// told, in the order in which its writer was answered; what was refused is not there; and all nodes have the same.
// SPEC rules WS17-WS19.

import type { NodeHistory, Row } from './node-history.ts';
import type { Sent } from './soak-load.ts';

export interface Account {
  readonly readings: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  readonly reordered: readonly string[];
  /** Taken though it was refused, or under another number than was told. */
  readonly wrong: readonly string[];
  /** Stored on a disk that was taken away afterwards, and not in the history: nobody promised it. */
  readonly excused: number;
  readonly unequal: readonly string[];
}

export function accountOf(
  sent: readonly Sent[],
  histories: readonly NodeHistory[],
  lossesOf: (node: string) => number,
): Account {
  const first = histories[0];
  if (first === undefined) throw new Error('there is a history to hold to account');
  const placed = placesOf(first.rows);
  const lost: string[] = [];
  const doubled: string[] = [];
  const wrong: string[] = [];
  let excused = 0;
  for (const one of sent) {
    const { sensor, value, node, promised, n } = one;
    const what = `${sensor} ${value}, ${promised} at ${node} as ${n}`;
    const rows = placed.get(nameOf(sensor, value)) ?? [];
    const [row] = rows;
    if (rows.length > 1) doubled.push(`${what}: ${rows.map(({ sequence }) => sequence).join(', ')}`);
    else if (row === undefined) {
      if (promised === 'committed') lost.push(what);
      else if (promised === 'stored' && lossesOf(node) === one.losses[0]) lost.push(what);
      else if (promised === 'stored') excused++;
    } else if (promised === 'refused') wrong.push(`${what}, and at ${row.sequence}`);
    else if (n !== null && (row.origin !== node || row.n !== n)) {
      wrong.push(`${what}, and ${row.origin} ${row.n} at ${row.sequence}`);
    }
  }
  return {
    readings: first.rows.length,
    lost,
    doubled,
    reordered: reordered(sent, placed),
    wrong,
    excused,
    unequal: unequal(histories),
  };
}

/**
 * What was answered before another was sent stands before it: at one node always, and anywhere when it had been
 * answered as committed.
 */
function reordered(sent: readonly Sent[], placed: ReadonlyMap<string, readonly Row[]>): string[] {
  const found: string[] = [];
  const sequenceOf = ({ sensor, value }: Sent) => placed.get(nameOf(sensor, value))?.[0]?.sequence ?? null;
  const answered = sent.filter(({ promised }) => promised === 'stored' || promised === 'committed');
  const byWriter = grouped(answered, ({ writer }) => String(writer));
  for (const all of byWriter.values()) {
    const answers = all.toSorted((one, other) => one.answeredAt - other.answeredAt);
    const highest = new Map<string, number>();
    let committed = 0;
    let heard = 0;
    for (const one of all.toSorted((a, b) => a.sentAt - b.sentAt)) {
      for (let answer = answers[heard]; answer && answer.answeredAt < one.sentAt; answer = answers[++heard]) {
        const place = sequenceOf(answer) ?? 0;
        highest.set(diskOf(answer), Math.max(highest.get(diskOf(answer)) ?? 0, place));
        if (answer.promised === 'committed') committed = Math.max(committed, place);
      }
      const sequence = sequenceOf(one);
      const before = Math.max(committed, highest.get(diskOf(one)) ?? 0);
      if (sequence !== null && sequence <= before) {
        found.push(`${one.sensor} ${one.value} is ${sequence}, though sent when ${before} was answered`);
      }
    }
  }
  return found;
}

/** A directory that is lost takes its outbox along, and its readings may come late or never. */
function diskOf({ node, losses }: Sent): string {
  return losses[0] === losses[1] ? `${node} ${losses[0]}` : `${node} ${losses[0]} to ${losses[1]}`;
}

function unequal(histories: readonly NodeHistory[]): string[] {
  const [first] = histories;
  const whole = histories.filter(({ csvSha256 }) => csvSha256 !== null);
  return [
    ...histories.flatMap(({ problems }) => problems),
    ...histories
      .filter(({ sha256, group }) => sha256 !== first?.sha256 || group !== first.group)
      .map(({ node, sha256 }) => `the log of ${node} differs: ${sha256}, ${first?.sha256}`),
    ...whole
      .filter(({ csvSha256 }) => csvSha256 !== whole[0]?.csvSha256)
      .map(({ node }) => `the CSV files of ${node} differ from those of ${whole[0]?.node}`),
  ];
}

function placesOf(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  return grouped(rows, ({ sensor, value }) => nameOf(sensor, value));
}

function grouped<T>(all: readonly T[], nameOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const name = nameOf(one);
    const group = groups.get(name);
    if (group) group.push(one);
    else groups.set(name, [one]);
  }
  return groups;
}

function nameOf(sensor: string, value: unknown): string {
  return `${sensor} ${String(value)}`;
}
