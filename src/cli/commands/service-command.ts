// `sensorium service install|print`: a node that systemd starts with the machine. SPEC rule OP9.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { EXIT, Failure } from '../failure.ts';
import { unitText } from '../service/unit.ts';

const UNIT = '/etc/systemd/system/sensorium.service';
const ENV_FILE = '/etc/sensorium/sensorium.env';
const ENV_MODE = 0o600;
const ENV_TEXT = `# Options of this machine's node: NAME=VALUE. All of them: sensorium node --help
# After a change: sensorium config check --env-file ${ENV_FILE} && systemctl reload-or-restart sensorium

#SITE=sensorium
#NODE_ID=
#BOOTSTRAP_PEERS=
#CLUSTER_KEY=
`;

interface ServiceOptions {
  readonly user?: string;
  readonly envFile: string;
  readonly root: string;
}

export function addServiceCommand(program: Command): void {
  const service = program.command('service').description('a node that systemd starts with the machine');
  unitOptions(service.command('install'))
    .description(`write ${UNIT} and, where there is none, ${ENV_FILE}`)
    .addOption(new Option('--root <directory>', 'put both below this directory').default('/'))
    .action(install);
  unitOptions(service.command('print'))
    .description('show the unit and write nothing')
    .action((options: ServiceOptions) => {
      process.stdout.write(unitOf(options));
    });
}

function unitOptions(command: Command): Command {
  return command
    .option('--user <name>', 'run as this user; without it systemd makes one for the service')
    .option('--env-file <path>', 'where the options of the node stand', ENV_FILE);
}

function install(options: ServiceOptions): void {
  const unit = join(options.root, UNIT);
  const envFile = join(options.root, options.envFile);
  try {
    put(unit, unitOf(options), 0o644);
    if (!existsSync(envFile)) put(envFile, ENV_TEXT, ENV_MODE);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure(`the service cannot be installed: ${why}`, EXIT.usage, { cause });
  }
  // Where no systemd runs, as in a directory that becomes an image, there is nothing to tell.
  const told =
    options.root === '/' && spawnSync('systemctl', ['daemon-reload'], { stdio: 'ignore' }).status === 0;
  const next = 'systemctl enable --now sensorium';
  process.stdout.write(
    `${unit}\n${envFile}\nnext: set the options in ${envFile}, then ${told ? '' : 'systemctl daemon-reload && '}${next}\n`,
  );
}

function unitOf({ user, envFile }: ServiceOptions): string {
  const script = process.argv[1];
  if (script === undefined) throw new Failure('the program does not know where it lies');
  return unitText({ program: [process.execPath, realpathSync(script)], envFile, user: user ?? null });
}

function put(path: string, text: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
}
