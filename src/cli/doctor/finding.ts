// What the doctor has to say about one thing. SPEC rule OP5.

export interface Finding {
  readonly about: string;
  /** `wrong` keeps a node from its work; `odd` may be meant. */
  readonly state: 'fine' | 'odd' | 'wrong';
  readonly what: string;
  /** What to do about it; empty where all is fine. */
  readonly todo: string;
}

export function fine(about: string, what: string): Finding {
  return { about, state: 'fine', what, todo: '' };
}

export function odd(about: string, what: string, todo: string): Finding {
  return { about, state: 'odd', what, todo };
}

export function wrong(about: string, what: string, todo: string): Finding {
  return { about, state: 'wrong', what, todo };
}

const MARKS = { fine: 'ok   ', odd: 'note ', wrong: 'WRONG' } as const;

export function findingsText(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ about, state, what, todo }) => [
    `${MARKS[state]} ${about.padEnd(12)} ${what}`,
    ...(todo === '' ? [] : [`${' '.repeat(19)}${todo}`]),
  ]);
  const count = (state: Finding['state']) => findings.filter((one) => one.state === state).length;
  return [...lines, '', `${count('fine')} fine, ${count('odd')} to note, ${count('wrong')} wrong`].join('\n');
}
