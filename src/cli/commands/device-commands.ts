// `sensorium device add|list|remove`: who may write and read with a token of its own; over the control socket of a node on
// this machine. `sensorium audit` shows what was done to the site. SPEC rules AC9, AC12.

import type { Command } from 'commander';
import { parseSpec } from '../../access/device.ts';
import { askNode } from '../../control/control-client.ts';
import type { DeviceRow } from '../../control/device-acts.ts';
import type { ControlAnswer, ControlRequest } from '../../control/request.ts';
import { ApiClient } from '../api-client.ts';
import { EXIT, Failure } from '../failure.ts';
import { type NodeChoice, socketPath } from '../socket-path.ts';
import { plain, table } from '../table.ts';

const DEFAULT_NODE = 'http://127.0.0.1:10000';
const RATE = /^(\d+(?:\.\d+)?)(?:\/(s|min|h))?$/;
const QUOTA = /^(\d+(?:\.\d+)?)(k|M|G)?B?(?:\/day)?$/;
const EXPIRES = /^(\d+(?:\.\d+)?)(min|h|d|w)$/;
const MS: { readonly [unit: string]: number } = {
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const EXAMPLES: { readonly [flag: string]: string } = {
  '--rate': '10/s or 600/min',
  '--quota': '10000000/day or 10MB/day',
  '--expires': '90d, 12h or 4w',
};
const PER_S: { readonly [unit: string]: number } = { s: 1, min: 60, h: 3_600 };
const BYTES: { readonly [unit: string]: number } = { k: 1e3, M: 1e6, G: 1e9 };

interface ActOptions extends NodeChoice {
  readonly json?: true;
}

interface AddOptions extends ActOptions {
  readonly role?: string;
  readonly publish?: readonly string[];
  readonly subscribe?: readonly string[];
  readonly rate?: string;
  readonly quota?: string;
  readonly expires?: string;
}

export function addDeviceCommands(program: Command): void {
  const device = program.command('device').description('who may write and read with a token of its own');
  acting(device, 'add <name>', 'make a token for a device, a reader of the API, or Prometheus')
    .option('--publish <pattern...>', 'topics and sensors it may write; NAME/# without it')
    .option('--subscribe <pattern...>', 'topics it may subscribe to; none without it')
    .option('--rate <n/s>', 'messages or readings a second, at each node')
    .option('--quota <bytes/day>', 'bytes a day (also 10MB/day), at each node')
    .option(
      '--expires <time>',
      'how long the token is good, such as 90d, 12h, 4w; for as long as it is there without',
    )
    .option('--role <role>', 'device, reader (reads the API and the pages) or metrics', 'device')
    .action(addDevice);
  acting(device, 'list', 'all devices of the site').action(async (options: ActOptions) => {
    const answer = await ask(options, { act: 'device-list' });
    if (!('devices' in answer) || options.json) return;
    print(answer.devices.length === 0 ? 'no devices' : table(HEAD, answer.devices.map(cells)));
  });
  acting(device, 'remove <name>', 'take its token away, at every node at once').action(
    async (name: string, options: ActOptions) => {
      const answer = await ask(options, { act: 'device-remove', name });
      if ('removed' in answer && !options.json) print(`removed: ${plain(name)}`);
    },
  );

  program
    .command('audit')
    .description('what was done to the site by whom, the latest first')
    .option('--node <url>', 'read API of the node to ask', process.env.SENSORIUM_NODE ?? DEFAULT_NODE)
    .option('--limit <n>', 'how many acts at most', '100')
    .option('--json', 'print one JSON object a line')
    .action(async ({ node, limit, json }: { node: string; limit: string; json?: true }) => {
      for (const row of await new ApiClient(node).audit(limit)) {
        const { sequence, ts_ms, act, subject, by, detail } = row;
        const told = `${sequence}  ${new Date(ts_ms).toISOString()}  ${row.node}  ${act}  ${subject}  by ${by || '?'}`;
        print(json ? JSON.stringify(row) : plain(detail === '' ? told : `${told}  ${detail}`));
      }
    });
}

async function addDevice(name: string, options: AddOptions): Promise<void> {
  const { role, publish, subscribe, rate, quota, expires } = options;
  const asked = {
    name,
    role,
    ...(publish && { publish }),
    ...(subscribe && { subscribe }),
    ...(rate !== undefined && {
      ratePerS: measure('--rate', rate, RATE, (unit) => 1 / (PER_S[unit ?? 's'] ?? 1)),
    }),
    ...(quota !== undefined && {
      bytesPerDay: measure('--quota', quota, QUOTA, (unit) => BYTES[unit ?? ''] ?? 1),
    }),
    ...(expires !== undefined && {
      expiresMs: Date.now() + measure('--expires', expires, EXPIRES, (unit) => MS[unit ?? 'd'] ?? 1),
    }),
  };
  const spec = parseSpec(asked);
  if (!spec.ok) throw new Failure(spec.problem, EXIT.usage);
  const answer = await ask(options, { act: 'device-add', device: spec.value });
  if (!('token' in answer) || options.json) return;
  print(`${answer.device.role} ${name} added. Its token, told this once:\n\n  ${answer.token}\n`);
  for (const { for: program, text } of answer.snippets) {
    print(`# ${program}\n${text}\n`);
  }
}

async function ask(options: ActOptions, request: ControlRequest): Promise<ControlAnswer> {
  const answer = await askNode(socketPath(options), request).catch((cause: unknown) => {
    throw new Failure(cause instanceof Error ? cause.message : String(cause), EXIT.failed, { cause });
  });
  if (options.json) print(JSON.stringify(answer));
  if (!answer.ok) throw new Failure(answer.problem);
  return answer;
}

function measure(
  flag: string,
  text: string,
  pattern: RegExp,
  factorOf: (unit: string | undefined) => number,
): number {
  const [, number, unit] = pattern.exec(text) ?? [];
  if (number !== undefined) return Number(number) * factorOf(unit);
  throw new Failure(`${flag} is written like ${EXAMPLES[flag]}, got ${JSON.stringify(text)}`, EXIT.usage);
}

const HEAD = ['name', 'role', 'publish', 'subscribe', 'rate', 'quota', 'expires', 'id'];

function cells(device: DeviceRow): string[] {
  const { name, role, publish, subscribe, ratePerS, bytesPerDay, expiresMs, id } = device;
  const rate = ratePerS === null ? '-' : `${ratePerS}/s`;
  const quota = bytesPerDay === null ? '-' : `${bytesPerDay}/day`;
  const isOver = expiresMs !== null && expiresMs <= Date.now();
  const expires =
    expiresMs === null
      ? '-'
      : `${isOver ? 'expired ' : ''}${new Date(expiresMs).toISOString().slice(0, 16)}Z`;
  return [name, role, publish.join(' ') || '-', subscribe.join(' ') || '-', rate, quota, expires, id];
}

function acting(parent: Command, name: string, what: string): Command {
  return parent
    .command(name)
    .description(what)
    .option('--data-dir <path>', 'DATA_DIR of the node to tell', process.env.DATA_DIR ?? 'data')
    .option('--node-id <id>', 'which node, where several keep their data there')
    .option('--json', 'print JSON');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
