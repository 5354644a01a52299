// Work of several steps on a disk, written as a generator so that it reads in order, needs no promise and runs in
// virtual time as in real: `yield* need(…)` waits for a disk's answer and throws what it refuses.

import { must } from '../kit/assert.ts';
import type { Answer, DiskProblem } from './disk.ts';

export type Task<T> = Generator<(resume: () => void) => void, T, void>;

/** Why work on a disk ended early. */
export type StorageProblem =
  | DiskProblem
  /** Written by a later version of this program. */
  | { readonly kind: 'newer-format'; readonly found: number; readonly supported: number }
  /** The directory belongs to another node. */
  | { readonly kind: 'other-node'; readonly found: string; readonly expected: string };

export class StorageFailure extends Error {
  override readonly name = 'StorageFailure';
  readonly problem: StorageProblem;

  constructor(problem: StorageProblem) {
    super(problemText(problem));
    this.problem = problem;
  }
}

export function problemText(problem: StorageProblem): string {
  switch (problem.kind) {
    case 'newer-format':
      return `the data directory has storage format ${problem.found}, this version reads up to ${problem.supported}`;
    case 'other-node':
      return `the data directory belongs to node ${problem.found}, not to ${problem.expected}`;
    default:
      return problem.detail;
  }
}

export function* need<T>(call: (done: Answer<T>) => void): Task<T> {
  const answers: Parameters<Answer<T>>[0][] = [];
  yield (resume) =>
    call((answer) => {
      answers.push(answer);
      resume();
    });
  const answer = must(answers[0], 'a step resumes after its answer');
  if (!answer.ok) throw new StorageFailure(answer.problem);
  return answer.value;
}

/** Steps that are answered at once run in a loop, so that a long task does not pile up calls. */
export function run<T>(
  task: Task<T>,
  done: (value: T) => void,
  failed: (problem: StorageProblem) => void,
): void {
  const next = (): IteratorResult<(resume: () => void) => void, T> | null => {
    try {
      return task.next();
    } catch (error) {
      if (!(error instanceof StorageFailure)) throw error;
      failed(error.problem);
      return null;
    }
  };
  const advance = (): void => {
    for (let step = next(); step !== null; step = next()) {
      if (step.done) {
        done(step.value);
        return;
      }
      const wait = { answered: false, left: false };
      step.value(() => {
        wait.answered = true;
        if (wait.left) advance();
      });
      wait.left = true;
      if (!wait.answered) return;
    }
  };
  advance();
}

/** As many at a time: a disk answers several calls sooner than one after the other. */
const AT_ONCE = 8;

/** Runs all of them, some at a time, and gives what came of each in their order. */
export function* together<T>(tasks: readonly Task<T>[]): Task<readonly T[]> {
  const values: T[] = [];
  const problems: StorageProblem[] = [];
  for (let at = 0; at < tasks.length && problems.length === 0; at += AT_ONCE) {
    yield (resume) => {
      const some = tasks.slice(at, at + AT_ONCE);
      let left = some.length;
      const ended = (): void => {
        if (--left === 0) resume();
      };
      for (const [each, task] of some.entries()) {
        const done = (value: T): void => {
          values[at + each] = value;
          ended();
        };
        const failed = (problem: StorageProblem): void => {
          problems.push(problem);
          ended();
        };
        run(task, done, failed);
      }
    };
  }
  if (problems[0] !== undefined) throw new StorageFailure(problems[0]);
  return values;
}

/** What came of it, or null where there was no space for it. */
export function* attempt<T>(task: Task<T>): Task<T | null> {
  try {
    return yield* task;
  } catch (error) {
    if (error instanceof StorageFailure && error.problem.kind === 'full') return null;
    throw error;
  }
}

/** Waits for an answer that says nothing, or of which nothing hangs on what it says. */
export function* told(call: (done: () => void) => void): Task<null> {
  return yield* need<null>((done) => call(() => done({ ok: true, value: null })));
}
