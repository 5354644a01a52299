// `sensorium recover`: when most voters of the group are lost for good, a new group goes on with what is left. It shows
// what that is and what may be missing, and does nothing without being told so twice. SPEC rules CL20, OR50.

import { connect } from 'node:net';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { type Address, addressText } from '../../model/address.ts';
import { ballotText } from '../../model/ballot.ts';
import type { GroupMember } from '../../model/group-view.ts';
import { parsePeerId } from '../../model/ids.ts';
import { isQuorum } from '../../protocol/ordering/quorum.ts';
import { bestSurvivor, successorOf } from '../../protocol/ordering/recover-group.ts';
import { EXIT, Failure } from '../failure.ts';
import { beginAnew, forgetGroup, lookAt, type StoppedNode } from '../recover/stopped-node.ts';

const ANSWER_MS = 1_000;

interface RecoverOptions {
  readonly dataDir: string;
  readonly commit?: true;
  readonly rejoin?: true;
  readonly yes?: true;
  readonly force?: true;
  readonly json?: true;
}

export function addRecoverCommand(program: Command): void {
  program
    .command('recover <nodes...>')
    .description(
      'begin the group anew with the best log of these stopped nodes, when most voters are lost for good',
    )
    .option('--data-dir <path>', 'DATA_DIR under which they keep their data', process.env.DATA_DIR ?? 'data')
    .option('--commit', 'do it; without it only what is left is shown')
    .option(
      '--rejoin',
      'let one of them give up its place in the former group instead, and join the one that goes on',
    )
    .option('--yes', 'do not ask')
    .option('--force', 'although enough voters answer at their addresses')
    .option('--json', 'print JSON')
    .action(recover);
}

async function recover(named: readonly string[], options: RecoverOptions): Promise<void> {
  const { dataDir, commit, yes, force, json } = options;
  const nodes: StoppedNode[] = [];
  for (const name of named) {
    const peer = parsePeerId(name);
    if (!peer.ok) throw new Failure(peer.problem, EXIT.usage);
    nodes.push(await lookAt(dataDir, peer.value));
  }
  if (options.rejoin) return rejoin(nodes, options);
  const best = bestOf(nodes);
  const answering = await answeringOf(best);
  const plan = planOf(best, answering);
  process.stdout.write(json ? `${JSON.stringify(plan)}\n` : textOf(nodes, best, plan));

  if (!commit) return;
  if (plan.becomes === null) throw new Failure('this group was begun anew too often', EXIT.usage);
  if (plan.gone_into !== null) {
    throw new Failure(
      `this group has gone into ${plan.gone_into}: start the node, it joins that`,
      EXIT.usage,
    );
  }
  if (plan.quorum_answers && !force) {
    const who = answering.map(({ peer, address }) => `${peer} at ${addressText(address)}`).join(', ');
    throw new Failure(
      `${who} answer and are a quorum with ${best.peer}: start it and the group goes on by itself (--force if they have lost their data)`,
      EXIT.usage,
    );
  }
  if (!yes && !(await isConfirmed(best.peer))) throw new Failure('nothing was changed', EXIT.usage);
  await beginAnew(dataDir, best, plan.becomes);
  if (!json) {
    process.stdout.write(
      `done: start ${best.peer} first, then the others: with empty directories, or after recover --rejoin where theirs survived\n`,
    );
  }
}

async function rejoin(
  nodes: readonly StoppedNode[],
  { dataDir, commit, yes }: RecoverOptions,
): Promise<void> {
  const [node, ...others] = nodes;
  if (node === undefined || others.length > 0) throw new Failure('--rejoin is for one node', EXIT.usage);
  const { peer, remains } = node;
  process.stdout.write(
    `${peer} would leave the group ${remains.group} with its log of ${remains.lastSequence} readings, and join the one it meets as another disk; what it has stored and not committed stays\n`,
  );
  if (!commit) return;
  if (!yes && !(await isConfirmed(peer))) throw new Failure('nothing was changed', EXIT.usage);
  await forgetGroup(dataDir, node);
  process.stdout.write(`done: start ${peer}\n`);
}

interface Plan {
  readonly node: string;
  readonly group: string;
  readonly becomes: string | null;
  readonly gone_into: string | null;
  readonly voters: readonly string[];
  readonly answering: readonly string[];
  readonly quorum_answers: boolean;
  readonly last_ballot: string;
  readonly last_index: number;
  readonly known_committed: number;
  readonly last_sequence: number;
  readonly damaged: readonly { readonly from: number; readonly to: number }[];
}

function planOf(best: StoppedNode, answering: readonly GroupMember[]): Plan {
  const { remains, peer, survivor } = best;
  const counts = (member: GroupMember): boolean =>
    member.peer === peer || answering.some((other) => other.peer === member.peer);
  return {
    node: peer,
    group: remains.group,
    becomes: successorOf(remains.group),
    gone_into: remains.into,
    voters: remains.view.voters.map((voter) => voter.peer).sort(),
    answering: answering.map((member) => member.peer),
    quorum_answers: isQuorum(remains.view, counts),
    last_ballot: ballotText(remains.lastBallot),
    last_index: remains.lastIndex,
    known_committed: remains.knownSequence,
    last_sequence: remains.lastSequence,
    damaged: survivor.log.damaged,
  };
}

function textOf(nodes: readonly StoppedNode[], best: StoppedNode, plan: Plan): string {
  const logs = nodes.map(({ peer, remains, survivor }) => {
    const damage = survivor.log.damaged.length > 0 ? ', damaged' : '';
    return `${peer}: ballot ${ballotText(remains.lastBallot)}, entry ${remains.lastIndex}, readings up to ${remains.lastSequence}${damage}`;
  });
  const lines = [
    `group      ${plan.group}`,
    `voters     ${plan.voters.join(', ')}`,
    `answering  ${plan.answering.join(', ') || 'none of the others'}`,
    ...logs.map((line, at) => `${at === 0 ? 'logs     ' : '         '}  ${line}`),
    `best       ${best.peer}: all ${plan.last_sequence} readings of its log would stay, in their order`,
    `missing    what the group committed after ${plan.known_committed} and ${best.peer} does not have; nobody here can know`,
    `           whether there is any. If the directory of another voter survives, look at it first: the log with the`,
    '           highest ballot, then the longest, loses least.',
    `becomes    ${plan.becomes ?? 'nothing: it was begun anew too often'}, with ${best.peer} as its only voter at first`,
  ];
  return `${lines.join('\n')}\n`;
}

function bestOf(nodes: readonly StoppedNode[]): StoppedNode {
  const groups = new Set(nodes.map(({ remains }) => remains.group));
  if (groups.size > 1) throw new Failure('these nodes are of different groups', EXIT.usage);
  const best = bestSurvivor(nodes.map(({ survivor }) => survivor));
  const node = nodes.find(({ survivor }) => survivor === best);
  if (node === undefined) throw new Failure('name at least one node', EXIT.usage);
  return node;
}

/** Of the other voters, those at whose address somebody listens. */
async function answeringOf({ peer, remains }: StoppedNode): Promise<GroupMember[]> {
  const others = remains.view.voters.filter((voter) => voter.peer !== peer);
  const answers = await Promise.all(others.map(({ address }) => listens(address)));
  return others.filter((_, at) => answers[at]);
}

function listens({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (does: boolean): void => {
      socket.destroy();
      resolve(does);
    };
    socket.setTimeout(ANSWER_MS, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

async function isConfirmed(peer: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Failure('not a terminal: give --yes to go on', EXIT.usage);
  const asked = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await asked.question(`type ${peer} to go on: `);
  asked.close();
  return answer.trim() === peer;
}
