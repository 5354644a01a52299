// `sensorium forget SENSOR…`: an act, so it goes over the control socket of a node on this machine. SPEC rule CL5.

import type { Command } from 'commander';
import { askNode } from '../../control/control-client.ts';
import { parseSensorId, type SensorId } from '../../model/ids.ts';
import { EXIT, Failure } from '../failure.ts';
import { type NodeChoice, socketPath } from '../socket-path.ts';

interface ForgetOptions extends NodeChoice {
  readonly json?: true;
}

export function addForgetCommand(program: Command): void {
  program
    .command('forget <sensors...>')
    .description('hide sensors on every node until they speak again')
    .option('--data-dir <path>', 'DATA_DIR of the node to tell', process.env.DATA_DIR ?? 'data')
    .option('--node-id <id>', 'which node, where several keep their data there')
    .option('--json', 'print JSON')
    .action(async (named: readonly string[], options: ForgetOptions) => {
      const sensors = named.map(sensorNamed);
      const answer = await askNode(socketPath(options), { act: 'forget', sensors }).catch(
        (cause: unknown) => {
          throw new Failure(cause instanceof Error ? cause.message : String(cause), EXIT.failed, { cause });
        },
      );
      if (options.json) process.stdout.write(`${JSON.stringify(answer)}\n`);
      if (!answer.ok) throw new Failure(answer.problem);
      if (options.json) return;
      if (!('forgotten' in answer)) return;
      for (const sensor of answer.forgotten) process.stdout.write(`forgotten: ${sensor}\n`);
      for (const sensor of answer.unknown) process.stdout.write(`not known here: ${sensor}\n`);
    });
}

function sensorNamed(text: string): SensorId {
  const sensor = parseSensorId(text);
  if (!sensor.ok) throw new Failure(sensor.problem, EXIT.usage);
  return sensor.value;
}
