import { expect, test } from 'vitest';
import { CutTransport } from './cut-transport.ts';
import { ann, bob, ping } from './testing.ts';
import type { Transport } from './transport.ts';

const THERE = { host: '127.0.0.1', port: 1 };

test('[NW22] what is for a peer that is cut off is dropped, the rest passes, and a cut is undone by the next', () => {
  const sent: string[] = [];
  const inner: Transport = {
    send: (to) => sent.push(to),
    contact: () => sent.push('contact'),
    introduce: () => {},
    counters: () => ({}),
    stop: async () => {},
  };
  const transport = new CutTransport(inner);

  transport.cut([bob]);
  for (const to of [ann, bob]) transport.send(to, THERE, ping(1), 'stream');
  transport.contact(THERE);
  transport.cut([]);
  transport.send(bob, THERE, ping(2), 'datagram');

  expect(sent).toEqual([ann, 'contact', bob]);
});
