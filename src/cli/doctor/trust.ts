// By what this node is known to others: whether its certificate can be read, holds by this machine's clock, is renewed in
// time and names where the node is reached. SPEC rule OP5.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { type PeerId, parsePeerId } from '../../model/ids.ts';
import { issuedMsOf } from '../../trust/certificate.ts';
import type { Credentials } from '../../trust/credentials.ts';
import { namesAll } from '../../trust/hosts.ts';
import { TrustFiles, TrustFilesError } from '../../trust/trust-files.ts';
import { hostsOf } from '../node-trust.ts';
import { type Finding, fine, odd, wrong } from './finding.ts';

export type Known = Pick<
  Config,
  'clusterKey' | 'dataDir' | 'nodeId' | 'keyPassphraseFile' | 'host' | 'advertiseHost'
>;

const ABOUT = 'certificate';
/** What clocks of one site may be apart before it counts. */
const CLOCK_MS = 86_400_000;
/** After this part of its life a certificate should have been followed by another: two thirds, and time to do it. */
const OVERDUE_AFTER = 0.7;

export function trustFindings(config: Known, nowMs: number): readonly Finding[] {
  if (config.clusterKey !== null) return [fine(ABOUT, 'made of the CLUSTER_KEY at each start')];
  const nodes = nodesOf(config);
  if (nodes.length === 0) return [fine(ABOUT, 'none: this node is of no site with an authority or key')];
  return nodes.map((node) => certificateFinding(config, node, nowMs));
}

/** Without an id, every node that has its data there. */
function nodesOf({ dataDir, nodeId }: Known): readonly PeerId[] {
  const names = nodeId !== null ? [nodeId] : existsSync(dataDir) ? readdirSync(dataDir) : [];
  return names.flatMap((name) => {
    const id = parsePeerId(name);
    return id.ok && new TrustFiles(join(dataDir, name), null).exist ? [id.value] : [];
  });
}

function certificateFinding(config: Known, node: PeerId, nowMs: number): Finding {
  const files = new TrustFiles(join(config.dataDir, node), config.keyPassphraseFile);
  try {
    return ageFinding(files.credentials(), nowMs) ?? namesFinding(config, node, files.credentials());
  } catch (error) {
    if (!(error instanceof TrustFilesError)) throw error;
    const todo = 'Put back what was there, or revoke this node at the first machine and let it join again.';
    return wrong(ABOUT, error.message, todo);
  }
}

/** Null where it holds and there is time. */
function ageFinding({ certificate, name }: Credentials, nowMs: number): Finding | null {
  const fromMs = issuedMsOf(certificate);
  const untilMs = Date.parse(certificate.validTo);
  if (nowMs > untilMs) {
    const todo = `Set the clock right, or at the first machine sensorium revoke ${name.node}, and let it join again.`;
    return wrong(ABOUT, `it has run out on ${day(untilMs)}, and the clock says ${day(nowMs)}`, todo);
  }
  if (nowMs < fromMs - CLOCK_MS) {
    return wrong(
      ABOUT,
      `it was signed on ${day(fromMs)}, and the clock says ${day(nowMs)}`,
      'Set the clock right.',
    );
  }
  if (nowMs < fromMs + (untilMs - fromMs) * OVERDUE_AFTER) return null;
  const todo =
    'Start this node, and the one that sensorium init was run at: it alone can sign, when it is reached.';
  return odd(ABOUT, `it runs out on ${day(untilMs)} and should have been renewed`, todo);
}

function namesFinding(config: Known, node: PeerId, { certificate, name }: Credentials): Finding {
  const missing = hostsOf(config, node).filter((host) => !namesAll(certificate, [host]));
  if (missing.length === 0) {
    const until = day(Date.parse(certificate.validTo));
    return fine(ABOUT, `${node} of site ${name.site}, until ${until}, renewed in time`);
  }
  const todo =
    'It is renewed within minutes where this node and the one that sensorium init was run at are up.';
  return odd(ABOUT, `devices cannot tell by it that they have reached ${missing.join(', ')}`, todo);
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
