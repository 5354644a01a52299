// By what a node knows its peers: the certificate that init or join has left in its directory, a key that the whole
// site shares, or nothing where nobody but this machine can reach it. SPEC rules TR1, TR10, TR12.

import type { Config } from '../config/config.ts';
import { OPTIONS } from '../config/options.ts';
import { isLoopback, isWildcard } from '../config/relations.ts';
import type { Log } from '../kit/log.ts';
import type { PeerId } from '../model/ids.ts';
import { ClusterTrust } from '../trust/credentials.ts';
import { ownHosts } from '../trust/hosts.ts';
import type { Trust } from '../trust/peer-security.ts';
import { SiteTrust } from '../trust/site-trust.ts';
import { TrustFiles, TrustFilesError } from '../trust/trust-files.ts';
import { EXIT, Failure } from './failure.ts';

export interface NodeTrust {
  /** Null: peers are believed by their word, and nothing is encrypted. */
  readonly trust: Trust | null;
  /** The same, where the site has an authority. */
  readonly member: SiteTrust | null;
  /** Strangers on the network are taken at their word. */
  readonly isInsecure: boolean;
  /** With what the certificate says in place of what nobody said. */
  readonly config: Config;
}

interface Directory {
  readonly path: string;
  readonly node: PeerId;
}

/** Fewer characters than this are guessed in time by who has heard the site speak. */
const KEY_LENGTH_MIN = 16;

export function nodeTrust(config: Config, directory: Directory, log: Log): NodeTrust {
  const { clusterKey, host, insecure, site, keyPassphraseFile } = config;
  const files = new TrustFiles(directory.path, keyPassphraseFile);
  if (files.exist) {
    if (clusterKey !== null)
      throw usage(`there is a certificate in ${files.path}, and a CLUSTER_KEY: use one`);
    return memberTrust(config, directory, files);
  }
  if (clusterKey !== null) {
    if (clusterKey.length < KEY_LENGTH_MIN) {
      log.warn(
        'the CLUSTER_KEY is short enough to be guessed; openssl rand -base64 24 makes one that is not',
      );
    }
    const name = { site, node: directory.node };
    const trust = new ClusterTrust(clusterKey, name, hostsOf(config, directory.node));
    return { trust, member: null, isInsecure: false, config };
  }
  if (isLoopback(host)) return { trust: null, member: null, isInsecure: false, config };
  if (!insecure) {
    throw usage(
      `HOST = ${host} is beyond loopback: give every node of the site the same CLUSTER_KEY, or begin a site with sensorium init, or INSECURE=true to let in anybody`,
    );
  }
  log.error('INSECURE=true: anyone who can connect may join; nothing between nodes is encrypted');
  return { trust: null, member: null, isInsecure: true, config };
}

/** By which names and addresses devices and people reach a node. */
export function hostsOf(
  { host, advertiseHost }: Pick<Config, 'host' | 'advertiseHost'>,
  node: PeerId,
): readonly string[] {
  return ownHosts(node, isWildcard(host) ? null : host, advertiseHost);
}

/** The site is the certificate's, and those to join through are the ones that were there when it was given. */
function memberTrust(config: Config, { node }: Directory, files: TrustFiles): NodeTrust {
  const member = opened(files);
  const { name } = member.credentials;
  if (name.node !== node)
    throw usage(`the certificate in ${files.path} is for ${name.node}, not for ${node}`);
  if (config.site !== name.site && config.site !== OPTIONS.site.default) {
    throw usage(`the certificate in ${files.path} is of site ${name.site}, not of ${config.site}`);
  }
  const isTold = config.bootstrapPeers.length > 0;
  const bootstrapPeers = isTold ? config.bootstrapPeers : files.peers();
  // Who has joined a site founds no group of its own.
  const expectNodes = isTold ? config.expectNodes : Math.max(config.expectNodes, bootstrapPeers.length + 1);
  const asCertified = { ...config, site: name.site, bootstrapPeers, expectNodes };
  return { trust: member, member, isInsecure: false, config: asCertified };
}

function opened(files: TrustFiles): SiteTrust {
  try {
    return new SiteTrust(files);
  } catch (cause) {
    if (cause instanceof TrustFilesError) throw usage(cause.message);
    throw cause;
  }
}

function usage(problem: string): Failure {
  return new Failure(problem, EXIT.usage);
}
