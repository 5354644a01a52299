// `sensorium sink list` shows where a node hands the committed order to, and how far; `sink replay` hands over again what a
// sink was given. SPEC rules SK15, SK16.

import type { Command } from 'commander';
import { askNode } from '../../control/control-client.ts';
import { ApiClient } from '../api-client.ts';
import { EXIT, Failure } from '../failure.ts';
import { type NodeChoice, socketPath } from '../socket-path.ts';
import { ageText, plain, table } from '../table.ts';

const DEFAULT_NODE = 'http://127.0.0.1:10000';

interface ReplayOptions extends NodeChoice {
  readonly from: string;
}

export function addSinkCommands(program: Command): void {
  const sink = program.command('sink').description('the engines that the committed order is handed on to');
  sink
    .command('list')
    .description('how far each has it, and what went wrong')
    .option('--node <url>', 'read API of the node to ask', process.env.SENSORIUM_NODE ?? DEFAULT_NODE)
    .option('--json', 'print JSON')
    .action(list);
  sink
    .command('replay <name>')
    .description('hand over again what a sink of a node on this machine was given')
    .requiredOption('--from <sequence>', 'from this sequence on')
    .option('--data-dir <path>', 'DATA_DIR of the node to ask', process.env.DATA_DIR ?? 'data')
    .option('--node-id <id>', 'which node, where several keep their data there')
    .action(replay);
}

async function list({ node, json }: { readonly node: string; readonly json?: true }): Promise<void> {
  const sinks = await new ApiClient(node).sinks();
  if (json) {
    process.stdout.write(`${JSON.stringify(sinks)}\n`);
    return;
  }
  const rows = sinks.map((sink) => [
    sink.name,
    sink.type,
    sink.state,
    sink.group === null ? '-' : `${sink.group}:${sink.sequence}`,
    sink.lag_readings === 0 ? '-' : `${sink.lag_readings} readings, ${ageText(sink.lag_ms)}`,
    String(sink.readings),
    String(sink.missed),
    plain(sink.last_error),
  ]);
  const heads = ['sink', 'type', 'state', 'place', 'lag', 'handed over', 'missed', 'last error'];
  process.stdout.write(`${rows.length === 0 ? 'this node has no sinks' : table(heads, rows)}\n`);
}

async function replay(name: string, options: ReplayOptions): Promise<void> {
  const from = Number(options.from);
  if (!Number.isSafeInteger(from) || from < 1) {
    throw new Failure(
      `--from is a sequence, a whole number from 1, got ${JSON.stringify(options.from)}`,
      EXIT.usage,
    );
  }
  const answer = await askNode(socketPath(options), { act: 'replay', sink: name, from }).catch(
    (cause: unknown) => {
      throw new Failure(cause instanceof Error ? cause.message : String(cause), EXIT.failed, { cause });
    },
  );
  if (!answer.ok) throw new Failure(answer.problem);
  process.stdout.write(`${name} is handed over again from ${from} on\n`);
}
