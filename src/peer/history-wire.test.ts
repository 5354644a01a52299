// What history planes really say to each other, through the codec and back.

import { expect, test } from 'vitest';
import type { PeerId } from '../model/ids.ts';
import { ann, bob, cat, dan, eve } from '../protocol/ordering/testing.ts';
import { decodeMessage, encodeMessage } from '../wire/codec.ts';
import type { Message } from '../wire/messages.ts';
import { isOrderingMessage } from '../wire/ordering-messages.ts';
import { HistoryMesh, type HistoryNode } from './testing-history.ts';

test('[WR4] [OR1] every message of the order is read back from its bytes as it was said', () => {
  const mesh = new ListeningMesh([ann, bob, cat, dan, eve], {
    founders: [],
    expect: 2,
    lossPercent: 5,
    seed: 11,
  });
  mesh.startAll();
  for (const a of [ann, bob]) for (const b of [cat, dan, eve]) mesh.cut(a, b);
  for (let turn = 0; turn < 20; turn++) {
    for (const peer of [ann, bob, cat, dan, eve]) mesh.submit(peer, 2);
    mesh.run(500);
  }
  mesh.act(cat, (history, now, out) => history.readIndex(1, now, out));
  mesh.heal();
  mesh.run(15_000);
  for (const peer of [bob, eve, ann]) {
    mesh.crash(peer);
    mesh.run(1_500);
    mesh.start(peer);
    mesh.run(1_500);
  }
  const leader = mesh.leader ?? eve;
  mesh.cut(leader, leader === dan ? cat : dan);
  mesh.run(1_500);
  mesh.heal();
  mesh.act(leader, (history, now, out) => history.leave(now, out));
  mesh.run(1_000);

  expect(mesh.wrong).toEqual([]);
  expect([...mesh.types].sort()).toEqual(
    [
      ...['APPEND', 'APPEND_ACK', 'BASE', 'BASE_REQUEST', 'COORDINATOR', 'ELECTION', 'FOUND_ACCEPT'],
      ...['FOUND_ACCEPTED', 'FOUND_PREPARE', 'FOUND_PROMISE', 'HEARTBEAT', 'HEARTBEAT_ACK'],
      ...['MISSING_SEQ_REQUEST', 'MISSING_SEQ_RESPONSE', 'MISMATCH', 'NO', 'OK', 'PROMISE'],
      ...['READ_INDEX_REPLY', 'READ_INDEX_REQUEST', 'REFUSE', 'SEQUENCER_REPLY', 'SEQUENCER_REQUEST'],
      ...['TRANSFER', 'VIEW_CHANGE', 'VIEW_SYNC_REQUEST', 'YES'],
    ].sort(),
  );
});

class ListeningMesh extends HistoryMesh {
  readonly types = new Set<string>();
  readonly wrong: string[] = [];

  override carry(from: HistoryNode, to: PeerId, message: Message): void {
    if (isOrderingMessage(message)) this.types.add(message.type);
    const read = decodeMessage(encodeMessage(message));
    const isSame =
      read.ok && JSON.stringify(read.value, bytesAsText) === JSON.stringify(message, bytesAsText);
    if (!isSame) this.wrong.push(message.type);
    super.carry(from, to, read.ok ? read.value : message);
  }
}

function bytesAsText(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return value.join(' ');
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
