import { expect, test } from 'vitest';
import { MemoryHub } from '../hub/memory-hub.ts';
import { Sampler } from './sampler.ts';
import { ann, apiOn, bob, cat, memberOf } from './testing.ts';

interface Answer {
  readonly next: number;
  readonly more: boolean;
  readonly samples: readonly { readonly id: number; readonly scene: number; readonly watermark: number }[];
  readonly scenes: {
    readonly [id: string]: { readonly members: readonly unknown[]; readonly links: unknown };
  };
}

const NEVER_MS = 2_000_000_000;

test('[AP41] samples tell how the node looked, each scene once', async () => {
  const { hub, get } = await apiOn();
  hub.others = [memberOf(bob, { status: 'suspected' })];

  const answer = (await (await get('/api/v1/samples')).json()) as Answer;

  // The first sample is taken at the start, before the test has named others.
  expect(answer.samples.length).toBeGreaterThanOrEqual(1);
  expect(answer.scenes[String(answer.samples[0]?.scene)]?.members).toEqual([
    { id: 'ann', status: 'alive', linked: true },
  ]);
  expect(answer.next).toBe(answer.samples.at(-1)?.id);
});

test('[AP41] a page of samples leads on to the next one', async () => {
  const { get } = await apiOn();
  const first = (await (await get('/api/v1/samples?limit=1')).json()) as Answer;

  const second = (await (await get(`/api/v1/samples?after=${first.next}`)).json()) as Answer;

  expect(first.samples.map(({ id }) => id)).toEqual([1]);
  expect(second.samples.every(({ id }) => id > first.next)).toBe(true);
  expect(second.more).toBe(false);
});

test('[AP41] a scene is kept once while nothing changes, and names each link once', () => {
  const { hub, sampler } = samplerOf({ samplesMax: 10 });
  hub.others = [memberOf(bob), memberOf(cat, { status: 'dead', linked: false })];
  sampler.sample();
  sampler.sample();

  const [, second, third] = sampler.samples;

  expect(second?.sceneId).toBe(third?.sceneId);
  expect(sampler.sceneOf(second?.sceneId ?? 0)).toMatchObject({
    members: [
      { id: 'ann', status: 'alive', linked: true },
      { id: 'bob', status: 'alive', linked: true },
      { id: 'cat', status: 'dead', linked: false },
    ],
    links: [
      ['ann', 'bob'],
      ['ann', 'cat'],
    ],
    membersLeftOut: 0,
  });
});

test('[AP41] samples are bounded in number, and scenes in what they weigh', () => {
  const { hub, sampler } = samplerOf({ samplesMax: 5, sceneBytesMax: 1_000 });

  for (let at = 0; at < 40; at++) {
    hub.others = [memberOf(bob, { status: at % 2 === 0 ? 'alive' : 'suspected' })];
    sampler.sample();
  }

  expect(sampler.samples.length).toBeGreaterThanOrEqual(1);
  expect(sampler.samples.length).toBeLessThanOrEqual(5);
  expect(sampler.samples.every(({ sceneId }) => sampler.sceneOf(sceneId) !== null)).toBe(true);
  expect(sampler.sceneOf(1)).toBeNull();
});

test('[AP41] a scene names so many nodes and counts the others', () => {
  const { hub, sampler } = samplerOf({ sceneNodesMax: 2 });
  hub.others = [memberOf(bob), memberOf(cat)];
  sampler.sample();

  const scene = sampler.sceneOf(sampler.samples.at(-1)?.sceneId ?? 0);

  expect(scene?.members.map(({ id }) => id)).toEqual(['ann', 'bob']);
  expect(scene?.membersLeftOut).toBe(1);
});

function samplerOf(given: Partial<ConstructorParameters<typeof Sampler>[1]>) {
  const hub = new MemoryHub({ self: ann, wallMs: Date.now, changesKept: 16 });
  const options = {
    everyMs: NEVER_MS,
    samplesMax: 100,
    sceneBytesMax: 100_000,
    sceneNodesMax: 10,
    ...given,
  };
  return { hub, sampler: new Sampler(hub, options) };
}
