// The commands about who is of the site: `init` begins one, `invite` prints a code, `join` comes with it, `revoke` takes
// a node's place away, `ca` prints what devices trust. Two commands for each further machine. SPEC rules TR11-TR14, TR22,
// CL5.

import { join as pathOf } from 'node:path';
import type { Command } from 'commander';
import { OPTIONS } from '../../config/options.ts';
import { askNode } from '../../control/control-client.ts';
import type { ControlAnswer, ControlRequest } from '../../control/request.ts';
import { parseAddress } from '../../model/address.ts';
import { type PeerId, parsePeerId } from '../../model/ids.ts';
import { ownHosts } from '../../trust/hosts.ts';
import { join } from '../../trust/join-call.ts';
import { parseJoinCode } from '../../trust/join-code.ts';
import { foundSite } from '../../trust/site-trust.ts';
import { TrustFiles } from '../../trust/trust-files.ts';
import { EXIT, Failure } from '../failure.ts';
import { type NodeChoice, socketPath } from '../socket-path.ts';

const DAY_MS = 86_400_000;
const JOIN_MS = 20_000;

interface PlaceOptions {
  readonly dataDir: string;
  readonly nodeId: string;
  readonly keyPassphraseFile?: string;
}

export function addTrustCommands(program: Command): void {
  placed(program.command('init').description('begin a site: its authority, and a certificate for this node'))
    .option('--site <name>', 'what the site is called', process.env.SITE ?? OPTIONS.site.default)
    .option('--days <days>', 'how long the certificate holds', String(OPTIONS.certificateDays.default))
    .action((options: PlaceOptions & { readonly site: string; readonly days: string }) => init(options));

  acting(program.command('invite').description('a code that lets one machine join, once'))
    .option('--minutes <minutes>', 'how long it can be used', '60')
    .action(async (options: NodeChoice & { readonly minutes: string; readonly json?: true }) => {
      const answer = await ask(options, { act: 'invite', minutes: Number(options.minutes) });
      if (!('invited' in answer)) return;
      const { address, code, untilMs } = answer.invited;
      if (options.json) print(JSON.stringify(answer.invited));
      else {
        print(`On the new machine, until ${new Date(untilMs).toISOString()}, once:`);
        print('');
        print(`  sensorium join ${address} ${code}`);
      }
    });

  acting(
    program.command('ca').description("the certificate of the site's authority, for devices to trust (PEM)"),
  ).action(async (options: NodeChoice & { readonly json?: true }) => {
    const answer = await ask(options, { act: 'ca' });
    if ('authority' in answer) print(options.json ? JSON.stringify(answer) : answer.authority.trim());
  });

  placed(
    program
      .command('join <address> <code>')
      .description('make this machine a node of a site, with a code of sensorium invite'),
  ).action(joinSite);

  acting(
    program.command('revoke <node>').description('cut a node off from the site at once, and for good'),
  ).action(async (text: string, options: NodeChoice & { readonly json?: true }) => {
    const answer = await ask(options, { act: 'revoke', node: nodeNamed(text) });
    if (options.json) print(JSON.stringify(answer));
    else if ('revoked' in answer) print(`revoked: ${answer.revoked}`);
  });
}

function init(options: PlaceOptions & { readonly site: string; readonly days: string }): void {
  const files = filesOf(options);
  const site = OPTIONS.site.kind.parse(options.site);
  const days = OPTIONS.certificateDays.kind.parse(options.days);
  if (site === undefined) throw new Failure(`--site is ${OPTIONS.site.kind.allowed}`, EXIT.usage);
  if (days === undefined) throw new Failure(`--days is ${OPTIONS.certificateDays.kind.allowed}`, EXIT.usage);
  const node = nodeNamed(options.nodeId);
  const signing = { lifeMs: days * DAY_MS, nowMs: Date.now(), hosts: hostsHere(node) };
  foundSite(files, { site, node }, signing);
  print(`${options.nodeId} is the first node of site ${site}; its keys are in ${files.path}.`);
  print(`Start it: HOST=0.0.0.0 NODE_ID=${options.nodeId} DATA_DIR=${options.dataDir} sensorium node`);
  print('For each further machine: sensorium invite, and there what it prints.');
}

async function joinSite(addressGiven: string, codeGiven: string, options: PlaceOptions): Promise<void> {
  const address = parseAddress(addressGiven);
  if (!address.ok) throw new Failure(address.problem, EXIT.usage);
  const code = parseJoinCode(codeGiven);
  if (!code.ok) throw new Failure(code.problem, EXIT.usage);
  const files = filesOf(options);
  const node = nodeNamed(options.nodeId);
  const joined = await join(address.value, code.value, node, hostsHere(node), JOIN_MS);
  if (!joined.ok) throw new Failure(`not joined: ${joined.problem}`);
  const { credentials, peers } = joined.value;
  files.savePeers(peers.length > 0 ? peers : [address.value]);
  files.save(credentials);
  print(`${node} is a node of site ${credentials.name.site}; its key is in ${files.path}.`);
  print(`Start it: HOST=0.0.0.0 NODE_ID=${node} DATA_DIR=${options.dataDir} sensorium node`);
}

/** All that this machine is reached by; where its node listens is not known yet. */
function hostsHere(node: PeerId): readonly string[] {
  return ownHosts(node, null, process.env.ADVERTISE_HOST ?? null);
}

/** Of a node that has none yet. */
function filesOf({ dataDir, nodeId, keyPassphraseFile }: PlaceOptions): TrustFiles {
  const directory = pathOf(dataDir, nodeNamed(nodeId));
  const files = new TrustFiles(directory, keyPassphraseFile ?? null);
  if (files.exist) {
    throw new Failure(
      `there is a certificate in ${files.path} already; move that directory away first`,
      EXIT.usage,
    );
  }
  return files;
}

async function ask(
  choice: NodeChoice,
  request: ControlRequest,
): Promise<ControlAnswer & { readonly ok: true }> {
  const answer = await askNode(socketPath(choice), request).catch((cause: unknown) => {
    throw new Failure(cause instanceof Error ? cause.message : String(cause), EXIT.failed, { cause });
  });
  if (!answer.ok) throw new Failure(answer.problem);
  return answer;
}

function placed(command: Command): Command {
  return command
    .requiredOption('--node-id <id>', 'which node this machine is to be', process.env.NODE_ID)
    .option('--data-dir <path>', 'DATA_DIR of that node', process.env.DATA_DIR ?? 'data')
    .option(
      '--key-passphrase-file <path>',
      'KEY_PASSPHRASE_FILE of that node',
      process.env.KEY_PASSPHRASE_FILE,
    );
}

function acting(command: Command): Command {
  return command
    .option('--data-dir <path>', 'DATA_DIR of the node to tell', process.env.DATA_DIR ?? 'data')
    .option('--node-id <id>', 'which node, where several keep their data there')
    .option('--json', 'print JSON');
}

function nodeNamed(text: string): PeerId {
  const peer = parsePeerId(text);
  if (!peer.ok) throw new Failure(peer.problem, EXIT.usage);
  return peer.value;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
