// What the machine under a node is like: program, directory, disk, limits and clock. SPEC rule OP5.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from '../../config/config.ts';
import { type Finding, fine, odd, wrong } from './finding.ts';

const LOWEST_NODE = [20, 19] as const;
const GIB = 1_073_741_824;
const FREE_LEAST_BYTES = GIB;
const FREE_LEAST_SHARE = 0.05;
/** A node with all its listeners full and a large history. */
const FILES_LEAST = 4_096;
/** `timedatectl` asks a service, which may not answer. */
const ASK_MS = 2_000;

export function machineFindings({ dataDir }: Config): readonly Finding[] {
  return [nodeFinding(), directoryFinding(dataDir), diskFinding(dataDir), filesFinding(), clockFinding()];
}

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isOld = major < LOWEST_NODE[0] || (major === LOWEST_NODE[0] && minor < LOWEST_NODE[1]);
  const what = `Node ${process.versions.node} on ${process.platform} ${process.arch}`;
  return isOld
    ? wrong('program', what, `Install Node ${LOWEST_NODE.join('.')} or newer.`)
    : fine('program', what);
}

function directoryFinding(dataDir: string): Finding {
  const place = nearestThere(dataDir);
  const isMissing = place !== resolve(dataDir);
  try {
    accessSync(place, constants.W_OK | constants.X_OK);
    return fine('directory', isMissing ? `${dataDir} will be made` : `${dataDir} can be written`);
  } catch {
    const todo = 'Give the user that runs the node this directory, or choose another DATA_DIR.';
    return wrong('directory', `${place} cannot be written`, todo);
  }
}

function diskFinding(dataDir: string): Finding {
  const { bavail, blocks, bsize, ffree } = statfsSync(nearestThere(dataDir));
  const what = `${((bavail * bsize) / GIB).toFixed(1)} GiB of ${((blocks * bsize) / GIB).toFixed(1)} free where ${dataDir} lies`;
  // Some file systems make room for files as they go, and count none.
  if (ffree === 0 && blocks > 0 && bavail === 0)
    return wrong('disk', what, 'Make room: a full node stores nothing.');
  if (bavail * bsize < FREE_LEAST_BYTES || bavail < blocks * FREE_LEAST_SHARE) {
    return odd('disk', what, 'Make room, or bound the history: HISTORY_MAX_BYTES, HISTORY_MAX_AGE_MS.');
  }
  return fine('disk', what);
}

function filesFinding(): Finding {
  const limits = existsSync('/proc/self/limits') ? readFileSync('/proc/self/limits', 'utf8') : '';
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === undefined) return fine('files', 'this system does not say how many may be open');
  const what = `${soft} files may be open`;
  if (soft !== 'unlimited' && Number(soft) < FILES_LEAST) {
    return odd(
      'files',
      what,
      `Raise the limit to ${FILES_LEAST} or more: ulimit -n, or LimitNOFILE= of the service.`,
    );
  }
  return fine('files', what);
}

/** Whether something keeps the clock right; how right it is, the other nodes say. */
function clockFinding(): Finding {
  const asked = spawnSync('timedatectl', ['show', '--property', 'NTPSynchronized', '--value'], {
    encoding: 'utf8',
    timeout: ASK_MS,
  });
  const answer = asked.status === 0 ? asked.stdout.trim() : '';
  if (answer === 'yes') return fine('clock', 'kept right by a time service');
  const todo = 'Turn on a time service: timedatectl set-ntp true, or chrony.';
  if (answer === 'no') return odd('clock', 'no time service keeps it right', todo);
  return fine('clock', 'this system does not say whether a time service keeps it right');
}

/** The directory, or the nearest one above it that is there. */
function nearestThere(path: string): string {
  let place = resolve(path);
  while (!existsSync(place)) place = dirname(place);
  return place;
}
