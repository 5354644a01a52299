// What must hold of the order once the faults have ended, where whole peers take part in it: one group, one log, and in
// it every record that was stored on a disk that lives, once. SPEC rules SM38, SM39.

import { identityText } from '../model/ids.ts';
import type { Ledger } from './ledger.ts';
import type { SimNode } from './node.ts';
import type { PeerProcess } from './process.ts';
import type { World } from './world.ts';

type Node = SimNode<PeerProcess>;

/** What still differs, in words. Nothing can be asked of a cluster that has lost a quorum of its voters. */
export function orderDisagreements(world: World<PeerProcess>, ledger: Ledger): readonly string[] {
  const running = world.nodes.filter((node) => node.process !== null);
  if (running.length === 0 || !hasQuorum(world.nodes, running)) return [];
  const ends = new Set(running.map((node) => committedText(node)));
  if (ends.size > 1) return [`the order is known up to ${[...ends].join(', ')}`];
  // Who came late may have begun in the middle.
  const reader = running.find((node) => node.disk.order.log.first === 1);
  return reader === undefined ? [] : running.flatMap((node) => missing(reader, node, ledger));
}

/**
 * Whether of the voters, as each that runs knows them, more than half run on the disk they had when they became voters.
 * A group founded while some were away may have few voters. Those who know of no group need a quorum to found one.
 */
function hasQuorum(nodes: readonly Node[], running: readonly Node[]): boolean {
  const sound = new Set(running.filter(({ disk }) => disk.replaced === 0).map(({ peer }) => peer));
  const all = nodes.map(({ peer }) => peer);
  return running.every((node) => {
    const voters = node.process?.peer.history?.view(node.now()).voters ?? [];
    const needed = voters.length > 0 ? voters : all;
    return 2 * needed.filter((peer) => sound.has(peer)).length > needed.length;
  });
}

function committedText({ process, disk }: Node): string {
  const index = process?.peer.history?.commitIndex ?? 0;
  const chain = disk.order.log.at(index)?.chain;
  return `${index} of ${disk.order.state?.group ?? 'no group'} (${chain?.a} ${chain?.b})`;
}

/** Of what `node` stored, which records are not in the log that `reader` has, or twice. */
function missing(reader: Node, node: Node, ledger: Ledger): string[] {
  const upto = reader.process?.peer.history?.commitIndex ?? 0;
  const found: string[] = [];
  for (const { identity, keptN } of ledger.streamsOf(node.peer)) {
    const name = identityText(identity);
    let next = 1;
    for (const { index, body } of reader.disk.order.log.entries) {
      if (index > upto) break;
      if (body.kind !== 'data' || body.producer.origin !== node.peer) continue;
      if (identityText(body.producer.identity) !== name) continue;
      if (body.firstN !== next) found.push(`${node.peer} ${name} goes on at ${body.firstN} and not ${next}`);
      next = body.lastN + 1;
    }
    if (next <= keptN) found.push(`${node.peer} ${name} is in the order up to ${next - 1} of ${keptN}`);
  }
  return found;
}
