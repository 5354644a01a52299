import { expect, test } from 'vitest';
import { data, LogInTest } from '../../storage/history/testing.ts';
import { readMending } from '../../storage/history/testing-damage.ts';
import { scarsOf } from './byte-scars.ts';

const FIRST = 'history-00000001.log';
const SECOND = 'history-00000002.log';

test('[SM58] a file in which bits turned is seen until it is written anew', () => {
  const log = longLog();
  const sound = scarsOf(log.disk);

  log.disk.flipBit(FIRST, 900, 1);
  const turned = scarsOf(log.disk);
  readMending(log, log.answeredModel);

  expect([...sound]).toEqual([]);
  expect([...turned]).toEqual([FIRST]);
  expect([...scarsOf(log.disk)]).toEqual([]);
});

test('[SM58] a file that has lost its last records, or all of them, is seen by what stands behind it', () => {
  const log = longLog();
  const short = longLog();

  clear(log, FIRST, 0);
  clear(short, SECOND, 1_024);

  expect([...scarsOf(log.disk)]).toEqual([FIRST]);
  expect([...scarsOf(short.disk)]).toEqual([SECOND]);
});

function longLog(): LogInTest {
  const log = new LogInTest().ready();
  for (let i = 0; i < 80; i++) {
    log.append(data(60));
    log.run();
  }
  log.machine.rest();
  return log;
}

/** Zeros from there on. */
function clear(log: LogInTest, name: string, offset: number): void {
  log.disk.open(name, (opened) => {
    if (!opened.ok) expect.unreachable();
    else opened.value.write(offset, new Uint8Array(opened.value.bytes - offset), () => {});
  });
  log.run();
}
