// Why a command ends without having done its work: one line for the person, one code for the script.

/** What exit codes mean, all of them; `docs/OPERATING.md` says the same to operators. */
export const EXIT = {
  ok: 0,
  /** The work could not be done: no node there, a node ended, a simulated run failed. */
  failed: 1,
  /** An option or argument is wrong, or a directory can't be used; nothing was started. */
  usage: 2,
  /** A promise of the program to itself is broken: please report it. */
  internal: 70,
} as const;

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
