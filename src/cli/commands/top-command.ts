// `sensorium top`: the site as one node sees it, drawn again and again in a terminal; as plain text or JSON elsewhere.
// SPEC rule OP4.

import { type Command, InvalidArgumentError } from 'commander';
import { ApiClient } from '../api-client.ts';
import { pictureOf, pictureText, ratesBetween, type SitePicture } from '../top/site-picture.ts';

const DEFAULT_NODE = 'http://127.0.0.1:10000';
const EVERY_S_MAX = 3_600;
const CLEAR = '\u001b[H\u001b[J';
const CTRL_C = 3;
const OTHER_SCREEN = '\u001b[?1049h\u001b[?25l';
const FORMER_SCREEN = '\u001b[?25h\u001b[?1049l';

interface TopOptions {
  readonly node: string;
  readonly every: number;
  readonly count?: number;
  readonly json?: true;
}

export function addTopCommand(program: Command): void {
  program
    .command('top')
    .description('the site as one node sees it, drawn again and again: nodes, leader, rates, newest readings')
    .option('--node <url>', 'read API of the node to ask', process.env.SENSORIUM_NODE ?? DEFAULT_NODE)
    .option('--every <seconds>', 'how often', secondsOf, 1)
    .option(
      '--count <times>',
      'so many times; without it once on a pipe, and until q or Ctrl-C in a terminal',
      countOf,
    )
    .option('--json', 'print a line of JSON each time')
    .action(top);
}

async function top({ node, every, count, json }: TopOptions): Promise<void> {
  const client = new ApiClient(node);
  const isScreen = process.stdout.isTTY === true && json === undefined;
  const times = count ?? (isScreen ? Number.POSITIVE_INFINITY : 1);
  // Whoever is not there at the first look is told of as by every other command.
  let before: SitePicture | null = await pictureOf(client);
  const asked = stopAsked(isScreen);
  if (isScreen) process.stdout.write(OTHER_SCREEN);
  try {
    show(before, null, isScreen, json);
    for (let drawn = 1; drawn < times && !(await overWithin(asked, every * 1_000)); drawn++) {
      const picture: SitePicture | null = await pictureOf(client).catch(() => null);
      if (picture === null)
        process.stdout.write(
          isScreen ? `${CLEAR}no node answers at ${node}` : `no node answers at ${node}\n`,
        );
      else show(picture, before, isScreen, json);
      before = picture ?? before;
    }
  } finally {
    if (isScreen) process.stdout.write(FORMER_SCREEN);
    process.stdin.pause();
  }
}

function show(picture: SitePicture, before: SitePicture | null, isScreen: boolean, json?: true): void {
  const rates = ratesBetween(before, picture);
  if (json) {
    const { members, view, latest } = picture;
    const told = rates && {
      committed_per_s: rates.committedPerS,
      changes_per_s: Object.fromEntries(rates.byOrigin),
    };
    process.stdout.write(`${JSON.stringify({ members, view, sensors: latest.length, rates: told })}\n`);
    return;
  }
  const size = isScreen ? { columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 } : null;
  process.stdout.write(
    isScreen ? CLEAR + pictureText(picture, rates, size) : `${pictureText(picture, rates, null)}\n`,
  );
}

/** Ctrl-C, and in a terminal the key q. */
function stopAsked(isScreen: boolean): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
    if (!isScreen || !process.stdin.isTTY) return;
    process.stdin.setRawMode(true).on('data', (keys: Buffer) => {
      if (keys.includes('q') || keys.includes(CTRL_C)) {
        process.stdin.setRawMode(false);
        resolve();
      }
    });
  });
}

async function overWithin(asked: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const time = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const isOver = await Promise.race([asked.then(() => true), time]);
  clearTimeout(timer);
  return isOver;
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (seconds >= 0.1 && seconds <= EVERY_S_MAX) return seconds;
  throw new InvalidArgumentError(`must be a number of seconds from 0.1 to ${EVERY_S_MAX}.`);
}

function countOf(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new InvalidArgumentError('must be a whole number from 1.');
}
