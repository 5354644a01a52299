import { afterAll, expect, test } from 'vitest';
import { LIMITS } from '../../src/model/limits.ts';
import { allAlive, Site } from './site.ts';
import { until } from './until.ts';

const SENSORS = 20_000;
const PER_REQUEST = 5_000;

const site = new Site();
afterAll(() => site.stop());

test('[WS13] a late joiner has a state far larger than a frame, and has it at once after a restart', async () => {
  const ann = await site.start('ann', []);
  let bytes = 0;
  for (let first = 0; first < SENSORS; first += PER_REQUEST) {
    const readings = Array.from({ length: PER_REQUEST }, (_, at) => ({
      sensor: `hall-${(first + at) % 7}/meter/${first + at}`,
      value: `${Math.sin(first + at)} and a text that makes the state large`,
    }));
    bytes += JSON.stringify(readings).length;
    await ann.write(readings);
  }

  const bob = await site.start('bob', ['ann']);
  const wanted = await ann.state();
  await until(
    'bob has all',
    () => bob.counter('full_sync_responses_received_total').then(() => bob.state()),
    (state) => Object.keys(state).length === SENSORS,
    20_000,
  );
  const state = await bob.state();

  expect(bytes).toBeGreaterThan(4 * LIMITS.frameBytesMax);
  expect(state).toEqual(wanted);
  expect(bob.lines.filter(({ msg }) => /full sync .* started/.test(msg)).length).toBeLessThan(3);
  await bob.kill('SIGTERM');
  await ann.kill();
  const again = await site.start('bob', []);
  expect(await again.state()).toEqual(wanted);
  const annAgain = await site.start('ann', ['bob']);
  await allAlive([annAgain, again]);
  expect(await annAgain.state()).toEqual(wanted);
});
