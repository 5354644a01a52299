// What strikes a site in a soak. Each fault is struck, held for a while, during which another may strike, and healed.
// Those that take something from a disk strike a site that is whole, one node at a time, and end when it is whole
// again: a majority keeps its disks, which is all that the history asks for.

import { closeSync, fsyncSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../../src/kit/random.ts';
import type { Environment } from '../site.ts';
import { pause } from './soak-load.ts';
import type { SoakSite } from './soak-site.ts';

export const FAULTS = [
  'kill',
  'kill-leader',
  'kill-all',
  'pause',
  'pause-leader',
  'stop',
  'cut',
  'cut-leader',
  'one-way',
  'lossy',
  'lose-directory',
  'rot',
] as const;
export type FaultName = (typeof FAULTS)[number];

export interface Struck {
  /** In words, for the one who reads along. */
  readonly what: string;
  heal(): Promise<void>;
}

/** How often each strikes, in relation. */
const WEIGHTS: { readonly [name in FaultName]: number } = {
  kill: 18,
  'kill-leader': 16,
  'kill-all': 8,
  pause: 10,
  'pause-leader': 12,
  stop: 8,
  cut: 12,
  'cut-leader': 10,
  'one-way': 6,
  lossy: 4,
  'lose-directory': 5,
  rot: 6,
};

/** Faults of links and of the scheduler, after which the process is the same one. */
const SURVIVED: readonly FaultName[] = ['pause', 'pause-leader', 'cut', 'cut-leader', 'one-way'];
/** Faults that need the whole site, and leave it whole. */
const OF_DISKS: readonly FaultName[] = ['lose-directory', 'rot'];
export const HISTORY_FILE = /^history-\d{8}\.log$/;
/** Header of a file of the log. */
const ROT_FROM = 128;

export function isOfDisks(name: FaultName): boolean {
  return OF_DISKS.includes(name);
}

export function drawFault(random: Random, allowed: readonly FaultName[] = FAULTS): FaultName {
  let at = random.between(
    0,
    allowed.reduce((sum, name) => sum + WEIGHTS[name], 0),
  );
  for (const name of allowed) {
    at -= WEIGHTS[name];
    if (at < 0) return name;
  }
  return 'kill';
}

/** Null when there is nobody whom it could strike at the moment. */
export async function strike(
  name: FaultName,
  site: SoakSite,
  leader: string | null,
  random: Random,
): Promise<Struck | null> {
  const answering = site.answering.map(({ id }) => id);
  const standing = SURVIVED.includes(name) ? answering : answering.filter((id) => site.mortal.includes(id));
  if (standing.length === 0) return null;
  const anybody = random.pick(standing);
  const chief = leader !== null && standing.includes(leader) ? leader : anybody;
  switch (name) {
    case 'kill':
      return ended(site, [anybody], 'SIGKILL', random);
    case 'kill-leader':
      return ended(site, [chief], 'SIGKILL', random);
    case 'kill-all':
      return ended(site, standing, 'SIGKILL', random);
    case 'stop':
      return ended(site, [random.chance(0.5) ? chief : anybody], 'SIGTERM', random);
    case 'lossy':
      return ended(site, [anybody], 'SIGKILL', random, {
        NETWORK_PACKET_LOSS_PROB: '0.1',
        NETWORK_DELAY_MS: '10',
        NETWORK_DELAY_JITTER_MS: '10',
      });
    case 'pause':
      return paused(site, anybody);
    case 'pause-leader':
      return paused(site, chief);
    case 'cut':
      return cut(site, random.sample(site.ids, 1 + random.below(site.ids.length - 1)));
    case 'cut-leader':
      return cut(site, [chief]);
    case 'one-way':
      return oneWay(site, chief, random.pick(site.ids.filter((id) => id !== chief)), random);
    case 'lose-directory':
      await site.end(anybody, 'SIGKILL');
      site.loseDirectory(anybody);
      return { what: `${anybody} killed, its directory deleted`, heal: () => again(site, [anybody], random) };
    case 'rot': {
      await site.end(anybody, random.chance(0.5) ? 'SIGKILL' : 'SIGTERM');
      const where = rot(join(site.directoryOf(anybody), 'store'), random);
      return { what: `${anybody} ended, ${where}`, heal: () => again(site, [anybody], random) };
    }
  }
}

async function ended(
  site: SoakSite,
  ids: readonly string[],
  signal: 'SIGKILL' | 'SIGTERM',
  random: Random,
  environment: Environment = {},
): Promise<Struck> {
  await Promise.all(ids.map((id) => site.end(id, signal)));
  const lossy = Object.keys(environment).length > 0 ? ', back behind a bad link' : '';
  return {
    what: `${signal} ${ids.join(' ')}${lossy}`,
    heal: () => again(site, ids, random, environment),
  };
}

/** Not all in the same instant. */
async function again(
  site: SoakSite,
  ids: readonly string[],
  random: Random,
  environment: Environment = {},
): Promise<void> {
  const starts = random.sample(ids, ids.length).map(async (id, at) => {
    await pause(at * random.between(0, 300));
    if (site.node(id) === null) await site.start(id, environment);
  });
  await Promise.all(starts);
}

function paused(site: SoakSite, id: string): Struck {
  site.pause(id);
  return { what: `SIGSTOP ${id}`, heal: async () => site.resume(id) };
}

async function cut(site: SoakSite, alone: readonly string[]): Promise<Struck> {
  await site.split(alone);
  return { what: `cut off ${[...alone].sort().join(' ')}`, heal: () => site.heal() };
}

async function oneWay(site: SoakSite, from: string, to: string, random: Random): Promise<Struck> {
  const [sender, receiver] = random.chance(0.5) ? [from, to] : [to, from];
  await site.splitOneWay(sender, receiver);
  return { what: `nothing goes from ${sender} to ${receiver}`, heal: () => site.heal() };
}

/** One bit of a random byte of the log that is not zero is turned over. Says which. */
export function rot(store: string, random: Random): string {
  const names = readdirSync(store).filter((name) => HISTORY_FILE.test(name));
  const written = names.flatMap((name) => {
    const upto = lengthWritten(join(store, name));
    return upto > ROT_FROM ? [{ name, upto }] : [];
  });
  if (written.length === 0) return 'nothing there to rot';
  const { name, upto } = random.pick(written);
  // Half of them near the end, where records may have been acknowledged a moment ago.
  const from = random.chance(0.5) ? Math.max(ROT_FROM, upto - 400) : ROT_FROM;
  const at = from + random.below(upto - from);
  flip(join(store, name), at);
  return `a bit of ${name} turned over at ${at} of ${upto}`;
}

export function flip(path: string, at: number): void {
  const file = openSync(path, 'r+');
  const byte = new Uint8Array(1);
  readSync(file, byte, 0, 1, at);
  byte[0] = (byte[0] ?? 0) ^ 0x10;
  writeSync(file, byte, 0, 1, at);
  fsyncSync(file);
  closeSync(file);
}

/** Up to the last byte that is not zero: files are made of zeros in advance. */
export function lengthWritten(path: string): number {
  const file = openSync(path, 'r');
  const chunk = new Uint8Array(65_536);
  let written = 0;
  for (let at = 0; ; at += chunk.length) {
    const read = readSync(file, chunk, 0, chunk.length, at);
    const last = chunk.subarray(0, read).findLastIndex((byte) => byte !== 0);
    if (last >= 0) written = at + last + 1;
    else if (at - written > 4 * 1_048_576) break;
    if (read < chunk.length) break;
  }
  closeSync(file);
  return written;
}
