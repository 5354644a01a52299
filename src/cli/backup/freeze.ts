// The directory of a running node at one moment. In one turn of the event loop nothing that waits for a disk's answer can
// go on, so what lies there is what a crash at that moment would leave, and every start is made to go on from that. What is
// written no more is linked, the rest is copied within the turn: some tens of megabytes. SPEC rule SK22.

import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Frozen } from '../../control/request.ts';
import type { Host } from '../../host/host.ts';

const STAGING = 'backup.staging';
const STORE = 'store';
/** Numbered segments: those before the last two of their kind are written no more. */
const SEGMENT = /^(history|outbox)-(\d{8})\.log$/;
const WRITTEN_AT_MOST = 2;
/** What a start makes anew from the log, and what belongs to the process. */
const NOT_KEPT = [/\.csv$/, /^csv\./, /^history\.db/, /^lock\./, /\.sock$/, /\.tmp$/, /\.new$/];

/** Where the copy lies until it is taken away; what an earlier one left there goes. */
export function freeze(nodeDirectory: string): string {
  const staging = discardFrozen(nodeDirectory);
  mkdirSync(join(staging, STORE), { recursive: true, mode: 0o700 });
  for (const name of readdirSync(nodeDirectory)) {
    const path = join(nodeDirectory, name);
    const isKept =
      statSync(path, { throwIfNoEntry: false })?.isFile() && !NOT_KEPT.some((one) => one.test(name));
    if (isKept) copyFileSync(path, join(staging, name), constants.COPYFILE_FICLONE);
  }
  const names = readdirSync(join(nodeDirectory, STORE));
  const sealed = new Set(['history', 'outbox'].flatMap((kind) => sealedOf(kind, names)));
  for (const name of names) {
    const [from, to] = [join(nodeDirectory, STORE, name), join(staging, STORE, name)];
    if (!sealed.has(name) || !isLinked(from, to)) copyFileSync(from, to, constants.COPYFILE_FICLONE);
  }
  return staging;
}

/** For who asked, who takes it away. */
export function frozenOf({ site }: Config, { hub, history }: Host, nodeDirectory: string): Frozen {
  const { group, watermark } = history.extent();
  return { staging: resolve(freeze(nodeDirectory)), node: hub.self, site, group, watermark };
}

export function discardFrozen(nodeDirectory: string): string {
  const staging = join(nodeDirectory, STAGING);
  if (existsSync(staging)) rmSync(staging, { recursive: true });
  return staging;
}

/** Some file systems have no links. */
function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch {
    return false;
  }
}

function sealedOf(kind: string, names: readonly string[]): readonly string[] {
  const segments = names.filter((name) => SEGMENT.exec(name)?.[1] === kind).sort();
  return segments.slice(0, -WRITTEN_AT_MOST);
}
