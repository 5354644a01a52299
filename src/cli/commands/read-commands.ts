// The commands that show what a node knows: status, get, tail and members. Each speaks to the read API of the
// node given by --node, and prints JSON with --json. SPEC rules CL4, OP3.

import type { Command } from 'commander';
import { ApiClient, type LatestRow } from '../api-client.ts';
import { Failure } from '../failure.ts';
import { ageText, plain, table, valueText } from '../table.ts';

const DEFAULT_NODE = 'http://127.0.0.1:10000';

interface ReadOptions {
  readonly node: string;
  readonly json?: true;
}

export function addReadCommands(program: Command): void {
  readCommand(program, 'status', 'what one node knows of the site').action(async (options: ReadOptions) => {
    const client = new ApiClient(options.node);
    const [members, latest, { insecure }, view] = await Promise.all([
      client.members(),
      client.latest(),
      client.health(),
      client.view(),
    ]);
    const self = members.find((member) => member.self)?.id ?? '';
    const count = (status: string) => members.filter((member) => member.status === status).length;
    const status = {
      node: self,
      members: members.length,
      alive: count('alive'),
      suspected: count('suspected'),
      dead: count('dead'),
      sensors: latest.length,
      stale: latest.filter((row) => row.stale).length,
      leader: view.leader,
      quorum: view.quorum,
      watermark: view.watermark,
      outbox: view.outbox,
      insecure,
    };
    if (options.json) return print(JSON.stringify(status));
    print(
      `${status.node}: ${status.alive} of ${status.members} nodes alive, ${status.suspected} suspected, ` +
        `${status.dead} dead; ${status.sensors} sensors, ${status.stale} stale\n` +
        `${view.leader ?? 'nobody'} leads${view.quorum ? '' : ', no quorum'}; ` +
        `${view.watermark} readings committed, ${view.outbox} waiting here`,
    );
    if (insecure) print(red('INSECURE: anyone who can connect may join this site, and nothing is encrypted'));
  });

  readCommand(
    program,
    'get <sensor>',
    'the latest reading of a sensor, or of all that a pattern with + and # matches',
  ).action(async (sensor: string, options: ReadOptions) => {
    const rows = await new ApiClient(options.node).latest(sensor);
    if (rows.length === 0) throw new Failure(`no such sensor here: ${JSON.stringify(sensor)}`);
    if (options.json) return print(JSON.stringify(rows));
    const only = rows.length === 1 && !/[+#]/.test(sensor) ? rows[0] : undefined;
    print(only ? `${valueText(only.value)}${only.unit && ` ${plain(only.unit)}`}` : latestTable(rows));
  });

  readCommand(program, 'members', 'every node this one knows of').action(async (options: ReadOptions) => {
    const members = await new ApiClient(options.node).members();
    if (options.json) return print(JSON.stringify(members));
    print(
      table(
        ['node', 'status', 'address', 'zone', 'phi', 'incarnation'],
        members.map((member) => [
          member.self ? `${member.id} *` : member.id,
          member.status,
          `${member.host}:${member.port}`,
          member.zone === '' ? '-' : plain(member.zone),
          member.phi === null ? '-' : member.phi.toFixed(2),
          String(member.incarnation),
        ]),
      ),
    );
  });

  readCommand(program, 'tail', 'changes of the latest readings as they arrive')
    .option('--match <pattern>', 'only sensors that match, with + and # as in MQTT')
    .action(async (options: ReadOptions & { readonly match?: string }) => {
      const query = options.match === undefined ? '' : `?match=${encodeURIComponent(options.match)}`;
      await new ApiClient(options.node).follow(`/api/v1/live${query}`, ({ event, data }) => {
        if (event !== 'reading') return;
        if (options.json) return print(data);
        const row = JSON.parse(data) as LatestRow;
        const time = new Date(row.ts_ms).toISOString();
        print(
          `${time}  ${row.origin}:${plain(row.sensor)}  ${valueText(row.value)} ${plain(row.unit ?? '')}`.trimEnd(),
        );
      });
    });
}

function readCommand(program: Command, name: string, what: string): Command {
  return program
    .command(name)
    .description(what)
    .option('--node <url>', 'read API of the node to ask', process.env.SENSORIUM_NODE ?? DEFAULT_NODE)
    .option('--json', 'print JSON');
}

function latestTable(rows: readonly LatestRow[]): string {
  return table(
    ['sensor', 'value', 'unit', 'origin', 'age', 'sequence', ''],
    rows.map((row) => [
      plain(row.sensor),
      valueText(row.value),
      plain(row.unit),
      row.origin,
      ageText(row.age_ms),
      row.commit === 'committed' ? String(row.sequence ?? 'committed') : 'stored',
      [...row.flags, ...(row.stale ? ['stale'] : [])].join(' '),
    ]),
  );
}

function red(text: string): string {
  return process.stdout.isTTY ? `\u001b[31m${text}\u001b[39m` : text;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
