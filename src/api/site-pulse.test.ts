import { expect, test } from 'vitest';
import { pulse as shape } from './schema.ts';
import { SitePulse } from './site-pulse.ts';
import { apiOn, bob, LiveClient, memberOf } from './testing.ts';

test('[AP28] the pulse tells of members, the group, and how much of each origin waits since when', async () => {
  const { hub, get, say } = await apiOn();
  hub.others = [memberOf(bob, {})];
  await say('bed1/temperature', 21);
  hub.history.quorum = false;
  const clock = { nowMs: 1_000 };
  const watch = new SitePulse(hub, () => clock.nowMs);

  watch.look();
  const quiet = watch.row();
  await say('bed1/temperature', 22);
  watch.look();
  clock.nowMs = 4_500;
  await say('bed1/temperature', 23);
  watch.look();
  const waiting = watch.row();

  expect(quiet).toMatchObject({ node: 'ann', sensors: 1, oldest_pending_ms: null });
  expect(waiting.oldest_pending_ms).toBe(3_500);
  expect(waiting.origins).toMatchObject([{ origin: 'ann' }]);
  expect((waiting.origins[0]?.n ?? 0) - (waiting.origins[0]?.committed_n ?? 0)).toBeGreaterThanOrEqual(2);
  expect(waiting.view.quorum).toBe(false);
  expect(waiting.members.map(({ id }) => id)).toEqual(['ann', 'bob']);
  expect(shape.parse(await (await get('/api/v1/pulse')).json()).members.length).toBe(2);
});

test('[AP28] what has its place waits no longer', async () => {
  const { hub, say } = await apiOn();
  const watch = new SitePulse(hub, () => 0);
  hub.history.quorum = false;
  await say('a', 1);
  watch.look();

  hub.history.quorum = true;
  watch.look();

  expect(watch.row()).toMatchObject({ oldest_pending_ms: null });
});

test('[AP28] a live stream that asks for it is sent the pulse at once and every second, and others are not', async () => {
  const { base } = await apiOn();
  const asking = await LiveClient.open(`${base}/api/v1/live?pulse=true`);
  const other = await LiveClient.open(`${base}/api/v1/live`);

  await asking.until(() => asking.of('pulse').length >= 3);

  expect(asking.events.map(({ event }) => event).slice(0, 2)).toEqual(['hello', 'pulse']);
  expect(asking.of('pulse').every(({ data }) => shape.safeParse(data).success)).toBe(true);
  expect(other.of('pulse')).toEqual([]);
});
