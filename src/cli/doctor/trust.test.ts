import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { PeerId } from '../../model/ids.ts';
import { ownHosts } from '../../trust/hosts.ts';
import { foundSite } from '../../trust/site-trust.ts';
import { TrustFiles } from '../../trust/trust-files.ts';
import { type Known, trustFindings } from './trust.ts';

const ANN = 'ann' as PeerId;
const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 22);

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

test('[OP5] doctor tells of a certificate that has run out, is overdue, or was signed after what the clock says', () => {
  const known = founded();
  const states = [0, 60, 80, 101, -2].map((days) => trustFindings(known, NOW_MS + days * DAY_MS)[0]?.state);

  expect(states).toEqual(['fine', 'fine', 'odd', 'wrong', 'wrong']);
});

test('[OP5] doctor tells of keys that do not open, and of addresses that a certificate does not name', () => {
  const known = founded();
  const unnamed = trustFindings({ ...known, advertiseHost: 'hall.example' }, NOW_MS);
  rmSync(join(known.dataDir, 'ann', 'trust', 'passphrase'));
  const locked = trustFindings(known, NOW_MS);

  expect(unnamed).toMatchObject([{ state: 'odd', what: expect.stringContaining('hall.example') }]);
  expect(locked).toMatchObject([{ state: 'wrong', what: expect.stringContaining('passphrase is missing') }]);
});

test('[OP5] doctor misses no certificate where there needs to be none', () => {
  const known = founded();

  const keyed = trustFindings({ ...known, clusterKey: 'a key for this test' }, NOW_MS);
  const alone = trustFindings({ ...known, nodeId: 'bob' as PeerId }, NOW_MS);

  expect([keyed, alone].map(([finding]) => finding?.state)).toEqual(['fine', 'fine']);
});

/** A node whose certificate holds for a hundred days. */
function founded(): Known {
  const dataDir = mkdtempSync(join(tmpdir(), 'sensorium-doctor-'));
  directories.push(dataDir);
  const files = new TrustFiles(join(dataDir, ANN), null);
  const signing = { lifeMs: 100 * DAY_MS, nowMs: NOW_MS, hosts: ownHosts(ANN, '127.0.0.1', null) };
  foundSite(files, { site: 'hall', node: ANN }, signing);
  return {
    clusterKey: null,
    dataDir,
    nodeId: null,
    keyPassphraseFile: null,
    host: '127.0.0.1',
    advertiseHost: null,
  };
}
