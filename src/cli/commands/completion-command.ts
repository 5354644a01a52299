// `sensorium completion bash|zsh|fish` and `sensorium man`: what shells and readers of manuals need, made of the commands
// themselves. SPEC rules OP7, OP8.

import { Argument, type Command } from 'commander';
import { manPage } from '../completion/man-page.ts';
import { completionScript, SHELLS, type Shell } from '../completion/scripts.ts';
import { placesOf } from '../completion/words.ts';

/** To be called last: what was added before is what they know of. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('the completion of a shell: source <(sensorium completion bash)')
    .addArgument(new Argument('<shell>', 'which shell').choices([...SHELLS]))
    .action((shell: Shell) => {
      process.stdout.write(completionScript(shell, placesOf(program)));
    });
  program
    .command('man')
    .description('the manual page: sensorium man | man -l -')
    .action(() => {
      process.stdout.write(manPage(placesOf(program), program.version() ?? ''));
    });
}
