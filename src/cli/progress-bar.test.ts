import { expect, test } from 'vitest';
import { ProgressBar } from './progress-bar.ts';

test('[SK24] on a terminal one line is written over, elsewhere nothing is said', () => {
  const said = (isTTY: boolean): string => {
    let text = '';
    const bar = new ProgressBar('export', 'readings', { isTTY, write: (more) => (text += more) });
    bar.show(30, 120);
    bar.end();
    return text;
  };

  expect(said(true)).toBe('\r\u001b[Kexport ██████░░░░░░░░░░░░░░░░░░  25 %  30 of 120 readings\r\u001b[K');
  expect(said(false)).toBe('');
});
