// What a running node says of its site: quorum, members, clocks, versions, its disk. SPEC rule OP5.

import { ApiClient, type MemberRow, type ViewRow } from '../api-client.ts';
import { askApi } from '../ask-api.ts';
import { plain } from '../table.ts';
import { type Finding, fine, odd, wrong } from './finding.ts';

const ANSWER_MS = 2_000;
/** Beyond it, times of different nodes' devices are no longer comparable. */
const CLOCK_OFF_MS = 1_000;

export interface Health {
  readonly node: string;
  readonly version: string;
  readonly site: string;
}

interface Member extends MemberRow {
  readonly clock_offset_ms?: number | null;
}

/** Null where no node answers. */
export async function healthAt(url: string): Promise<Health | null> {
  try {
    const answer = await askApi(new URL('/healthz', url).href, { signal: AbortSignal.timeout(ANSWER_MS) });
    return answer.ok ? ((await answer.json()) as Health) : null;
  } catch {
    return null;
  }
}

export async function siteFindings(url: string, health: Health): Promise<readonly Finding[]> {
  const client = new ApiClient(url);
  const [members, view, full, inClear] = await Promise.all([
    client.members() as Promise<readonly Member[]>,
    client.view(),
    Promise.all(
      ['sensorium_outbox_disk_full', 'sensorium_history_disk_full'].map((name) => client.metric(name)),
    ),
    client.metric('sensorium_tokens_in_clear_total'),
  ]);
  return [
    fine(
      'node',
      `${health.node} of site ${plain(health.site)} answers at ${url}, version ${plain(health.version)}`,
    ),
    quorumFinding(view),
    membersFinding(members),
    clocksFinding(members),
    await versionsFinding(members, health.version),
    tokensFinding(inClear),
    full.some((value) => value > 0)
      ? wrong('storage', 'the disk is full: nothing is stored', 'Make room where DATA_DIR lies.')
      : fine('storage', `${view.outbox} readings wait for their place in the order`),
  ];
}

function quorumFinding({ quorum, leader, voters, present }: ViewRow): Finding {
  if (quorum) return fine('quorum', `${leader ?? 'nobody'} leads, voters ${voters.join(', ')}`);
  const absent = voters.filter((voter) => !present.includes(voter));
  const todo =
    'Start the voters that are down. If most of them are lost for good: sensorium recover (docs/OPERATING.md).';
  return wrong(
    'quorum',
    `readings are stored and none is committed; not heard: ${absent.join(', ') || 'a leader'}`,
    todo,
  );
}

function membersFinding(members: readonly Member[]): Finding {
  const missing = members.filter(({ status }) => status !== 'alive');
  if (missing.length === 0) return fine('members', `${members.length} alive`);
  const names = missing.map(({ id, status, host, port }) => `${id} ${status} (${host}:${port})`);
  return odd(
    'members',
    names.join(', '),
    'Start them, or sensorium remove NODE for one that will not come back.',
  );
}

function tokensFinding(inClear: number): Finding {
  if (inClear === 0) return fine('tokens', 'none came over the network in clear since the node started');
  const todo =
    'Have those devices use TLS (sensorium ca), and then set DEVICE_TLS=required. Its log names them, where it offers TLS.';
  return odd('tokens', `${inClear} times one came over the network in clear`, todo);
}

function clocksFinding(members: readonly Member[]): Finding {
  const off = members.filter(
    ({ self, clock_offset_ms: offset }) => !self && Math.abs(offset ?? 0) > CLOCK_OFF_MS,
  );
  if (off.length === 0) return fine('clocks', `none is more than ${CLOCK_OFF_MS} ms off this one`);
  const names = off.map(
    ({ id, clock_offset_ms: offset }) => `${id} by ${((offset ?? 0) / 1_000).toFixed(1)} s`,
  );
  return wrong('clocks', `off this node's: ${names.join(', ')}`, 'Turn on a time service on every machine.');
}

async function versionsFinding(members: readonly Member[], own: string): Promise<Finding> {
  const alive = members.filter(({ self, status }) => !self && status === 'alive');
  const healths = await Promise.all(
    alive.map(
      async ({ id, host, api_port: port }) =>
        [id, await healthAt(`http://${bracketed(host)}:${port}`)] as const,
    ),
  );
  const others = healths.flatMap(([id, health]) =>
    health && health.version !== own ? [`${id} ${health.version}`] : [],
  );
  const silent = healths.filter(([, health]) => health === null).length;
  const unknown = silent === 0 ? '' : `; ${silent} do not say`;
  return others.length === 0
    ? fine('versions', `${own} everywhere${unknown}`)
    : odd(
        'versions',
        `${own} here, ${others.join(', ')}${unknown}`,
        'Finish the upgrade: one node after the other.',
      );
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
