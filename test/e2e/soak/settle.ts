// A site that has come to rest, and what can be said of it then: all nodes follow one leader, vote, have committed
// equally much and hold nothing back; and each node's history is read off its own disk and held to account.

import { until } from '../until.ts';
import { type Account, accountOf } from './account.ts';
import { historyOf } from './node-history.ts';
import type { Sent } from './soak-load.ts';
import type { SoakSite } from './soak-site.ts';

export interface View {
  readonly group: string | null;
  readonly leader: string | null;
  readonly quorum: boolean;
  readonly voters: readonly string[];
  readonly learners: readonly string[];
  readonly present: readonly string[];
  readonly watermark: number;
  readonly outbox: number;
}

const SETTLE_MS = 120_000;
/** In a larger site some learn. */
const FEW_VOTERS = 3;

/**
 * Starts whoever is not there. Gives the watermark. While a load goes on nobody need be equal or empty. Nodes are asked
 * at moments that differ a little: one may have been asked before it ordered what another one, asked later, knows to be
 * ordered. So they are asked once more, when nobody has anything left to be ordered.
 */
export async function wholeSite(site: SoakSite, when: string, isLoaded: boolean): Promise<number> {
  await site.startAll();
  await looksWhole(site, when, isLoaded);
  return looksWhole(site, when, isLoaded);
}

async function looksWhole(site: SoakSite, when: string, isLoaded: boolean): Promise<number> {
  const nodes = site.ids.length;
  const isWhole = (view: View, first: View | undefined): boolean =>
    view.quorum &&
    view.leader !== null &&
    view.leader === first?.leader &&
    // Who came back with another disk learns, beside its former self that votes, until it takes its place.
    view.voters.length + view.learners.length === nodes &&
    view.voters.length >= Math.min(nodes, FEW_VOTERS) &&
    view.present.length === nodes &&
    (isLoaded || (view.outbox === 0 && view.watermark === first.watermark));
  const views = await until(
    `${when}: all nodes have one history`,
    () => Promise.all(site.running.map((node) => node.get<View>('/api/v1/view'))),
    (all) => all.length === nodes && all.every((view) => isWhole(view, all[0])),
    SETTLE_MS,
  );
  return Math.max(...views.map(({ watermark }) => watermark));
}

/** Of a whole site without load: what each node has, read independently of the program, and what was sent. */
export async function accountOfSite(
  site: SoakSite,
  sent: readonly Sent[],
  watermark: number,
): Promise<Account> {
  const histories = await Promise.all(
    site.running.map((node) => historyOf(node, site.directoryOf(node.id), watermark)),
  );
  return accountOf(sent, histories, (node) => site.lossesOf(node));
}

/** What there is to say against it; nothing when all is right. */
export function faultsOf({ lost, doubled, reordered, wrong, unequal }: Account): readonly string[] {
  const named = Object.entries({ lost, doubled, reordered, wrong, unequal });
  return named.flatMap(([name, found]) => found.map((one) => `${name}: ${one}`));
}
