import { expect, test } from 'vitest';
import { eventRow } from './event.ts';
import { ann, apiOn, bob, sensorId } from './testing.ts';

test('[AP6] a fact between two nodes becomes an event with sender, target and details', () => {
  const fact = {
    type: 'member-status',
    peer: bob,
    status: 'dead',
    was: 'suspected',
    incarnation: 4,
    why: 'silent',
  };

  const row = eventRow(
    { id: 9, atMs: 1_000, fact: { ...fact, type: 'member-status', status: 'dead', was: 'suspected' } },
    ann,
  );

  expect(row).toEqual({
    id: 9,
    ts_ms: 1_000,
    event_type: 'member_dead',
    category: 'control_plane',
    sender_id: 'ann',
    target_id: 'bob',
    details: { was: 'suspected', incarnation: 4, why: 'silent' },
  });
});

test('[AP6] a refused message came from the other node', () => {
  const fact = { type: 'message-refused', peer: bob, code: 'oversize', reason: 'too large' } as const;

  const row = eventRow({ id: 1, atMs: 1, fact }, ann);

  expect(row).toMatchObject({ event_type: 'message_refused', sender_id: 'bob', target_id: 'ann' });
});

test('[AP6] events are listed oldest first, and readings are none of them', async () => {
  const { hub, get, say } = await apiOn();
  await say('bed1/temperature', 21.5);
  hub.announce({ type: 'sensor-collision', sensor: sensorId('bed1/temperature'), origins: [ann, bob] });
  hub.announce({ type: 'converged', peer: bob });

  const body = await (await get('/api/introspection/events')).json();

  const { count, items } = eventsOf(body);
  expect(count).toBe(2);
  expect(items.map((item) => item.event_type)).toEqual(['sensor_collision', 'converged']);
});

function eventsOf(body: unknown): { count: number; items: { [name: string]: unknown }[] } {
  expect(body).toMatchObject({ events: { count: expect.any(Number), items: expect.any(Array) } });
  return JSON.parse(JSON.stringify(body)).events;
}
