import { expect, test } from 'vitest';
import { Random } from '../../kit/random.ts';
import type { OrderingMessage } from '../../wire/ordering-messages.ts';
import { Paths } from '../paths.ts';
import { Timeline } from '../timeline.ts';
import type { Station } from './link-pair.ts';
import { CALM_LINKS, type LinkOptions, Links } from './links.ts';

test('[SM41] machines that run are linked, and frames of a link keep their order', () => {
  const { stations, timeline, links } = newLinks(2);

  run(timeline, 100);
  for (let nonce = 1; nonce <= 50; nonce++) links.send(stations[0] as Hand, 1, frame(nonce));
  run(timeline, 200);

  expect(stations.map(({ heard }) => heard[0])).toEqual(['up 1', 'up 0']);
  expect(stations[1]?.heard.slice(1)).toEqual(Array.from({ length: 50 }, (_, at) => `0: ${at + 1}`));
});

test('[SM41] what is sent into a cut path arrives when it heals, unless an end has given up', () => {
  const { stations, timeline, links, paths } = newLinks(2, { silenceMs: { min: 1_000, max: 1_000 } });
  run(timeline, 100);

  paths.cut(0, 1);
  links.send(stations[0] as Hand, 1, frame(1));
  run(timeline, 500);
  expect(stations[1]?.heard).toEqual(['up 0']);
  paths.mend(0, 1);
  run(timeline, 600);
  expect(stations[1]?.heard).toEqual(['up 0', '0: 1']);

  paths.cut(0, 1);
  links.send(stations[0] as Hand, 1, frame(2));
  run(timeline, 3_000);
  paths.mend(0, 1);
  run(timeline, 6_000);

  expect(stations[1]?.heard).toEqual(['up 0', '0: 1', 'down 0 silent', 'up 0']);
});

test('[SM41] the system of a process that dies closes its links, a machine without power says nothing', () => {
  const { stations, timeline, links } = newLinks(3, { silenceMs: { min: 1_000, max: 1_000 } });
  run(timeline, 100);
  const [ann, bob, cat] = stations as [Hand, Hand, Hand];

  bob.stop(true);
  links.stopped(bob);
  cat.stop(false);
  links.stopped(cat);
  run(timeline, 200);
  expect(ann.heard.slice(2)).toEqual(['down 1 closed']);
  run(timeline, 2_000);

  expect(ann.heard.slice(2)).toEqual(['down 1 closed', 'down 2 silent']);
});

test('[SM41] on a hostile day frames come twice, overtake each other and turn up much later', () => {
  const hostile = {
    duplicateChance: 0.2,
    overtakeChance: 0.2,
    replayChance: 0.2,
    replayMs: { min: 500, max: 5_000 },
  };
  const { stations, timeline, links } = newLinks(2, hostile);
  run(timeline, 100);

  for (let nonce = 1; nonce <= 100; nonce++) links.send(stations[0] as Hand, 1, frame(nonce));
  run(timeline, 300);
  const soon = stations[1]?.heard.length ?? 0;
  run(timeline, 6_000);
  const heard = (stations[1]?.heard ?? []).slice(1);

  expect(new Set(heard).size).toBe(100);
  expect(heard.length).toBeGreaterThan(110);
  expect(heard.length).toBeGreaterThan(soon);
  expect(heard.slice(0, 100)).not.toEqual([...heard.slice(0, 100)].sort(byNonce));
});

class Hand implements Station {
  readonly index: number;
  readonly heard: string[] = [];
  life = 1;
  up = true;
  paused = false;
  powered = true;

  constructor(index: number) {
    this.index = index;
  }

  stop(powered: boolean): void {
    this.up = false;
    this.powered = powered;
  }

  linkUp({ index }: Station): void {
    this.heard.push(`up ${index}`);
  }

  linkDown({ index }: Station, cause: string): void {
    this.heard.push(`down ${index} ${cause}`);
  }

  receive({ index }: Station, message: OrderingMessage): void {
    this.heard.push(`${index}: ${'nonce' in message ? message.nonce : '?'}`);
  }
}

function newLinks(count: number, options: Partial<LinkOptions> = {}) {
  const timeline = new Timeline();
  const calm = { jitter: 0.5, spikeChance: 0, spikeMs: 0, lossChance: 0, duplicateChance: 0 };
  const paths = new Paths(
    count,
    new Random(1),
    { latencyMs: { min: 1, max: 2 }, ...calm },
    () => timeline.nowMs,
  );
  const links = new Links(timeline, new Random(2), paths, { ...CALM_LINKS, ...options });
  const stations = Array.from({ length: count }, (_, index) => new Hand(index));
  for (const station of stations) links.add(station);
  for (const station of stations) links.started(station);
  return { timeline, paths, links, stations };
}

function run(timeline: Timeline, untilMs: number): void {
  while (timeline.step(untilMs)) {}
}

function frame(nonce: number): OrderingMessage {
  return {
    type: 'READ_INDEX_REQUEST',
    group: '0123456789abcdef',
    identity: { birth: 1, random: '0000000000000000' },
    nonce,
  };
}

function byNonce(a: string, b: string): number {
  return Number(a.split(' ')[1]) - Number(b.split(' ')[1]);
}
