import { expect, test } from 'vitest';
import { EventCutter } from './event-stream.ts';

const TEXT =
  'retry: 1000\nid: 7\nevent: hello\ndata: {"node":"ann"}\n\n: heartbeat\nid: 8\n\nevent: fact\ndata: {}\n\n';

test('[UI2] events are the same however the bytes are cut', () => {
  const whole = new EventCutter().cut(TEXT);

  for (let at = 0; at <= TEXT.length; at++) {
    const cutter = new EventCutter();
    expect([...cutter.cut(TEXT.slice(0, at)), ...cutter.cut(TEXT.slice(at))]).toEqual(whole);
  }
  expect(whole).toEqual([
    { event: 'hello', data: '{"node":"ann"}', id: '7' },
    { event: '', data: '', id: '8' },
    { event: 'fact', data: '{}', id: null },
  ]);
});
