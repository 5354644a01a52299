// The shapes of the history plane's nouns: ballots, chains, views, epochs. SPEC rules WR4-WR6.

import type { ByteReader } from '../kit/bytes.ts';
import { type Ballot, NO_BALLOT } from '../model/ballot.ts';
import type { StreamName } from '../model/durable.ts';
import type { Base, Chain, Epoch, FoundingState, OrderState, ProducerRow } from '../model/entry.ts';
import type { GroupMember, GroupView } from '../model/group-view.ts';
import { type Identity, sameIdentity } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { address, count, flag, hex16, identity, peerId } from './nouns.ts';
import { type Fields, list, type Shape, struct } from './shape.ts';

const PRIORITY_MAX = 1_000_000_000;

const priority: Shape<number> = {
  text: 'priority',
  write: (writer, value) => writer.svarint(value),
  read(reader) {
    const value = reader.svarint();
    if (Math.abs(value) > PRIORITY_MAX) reader.refuse(`priority ${value} is out of range, allowed is ±1e9`);
    return value;
  },
};

/** The few ballots that are about; one object each, so that comparing mostly ends at once. */
const BALLOT_SLOTS = 256;
const ballots: Ballot[] = new Array(BALLOT_SLOTS).fill(NO_BALLOT);

/** Round 0 stands for no ballot at all, and nothing follows it. */
export const ballot: Shape<Ballot> = {
  text: 'ballot(round:whole,priority,peerId,identity)',
  write(writer, value) {
    writer.varint(value.round);
    if (value.round === 0) return;
    priority.write(writer, value.priority);
    peerId.write(writer, value.peer);
    identity.write(writer, value.identity);
  },
  read(reader) {
    const round = reader.varint();
    if (round === 0) return NO_BALLOT;
    const held = { round, priority: priority.read(reader), peer: peerId.read(reader) };
    const owner = identity.read(reader);
    if (reader.failed) return NO_BALLOT;
    const slot = (round * 31 + held.peer.length + slotOf(owner)) & (BALLOT_SLOTS - 1);
    const known = ballots[slot];
    if (
      known !== undefined &&
      known.round === round &&
      known.priority === held.priority &&
      known.peer === held.peer &&
      sameIdentity(known.identity, owner)
    ) {
      return known;
    }
    const fresh = { ...held, identity: owner };
    ballots[slot] = fresh;
    return fresh;
  },
};

const PRODUCER_SLOTS = 1_024;
const producers: (StreamName | undefined)[] = new Array(PRODUCER_SLOTS).fill(undefined);

/** A stream's name, one object for each that is about. */
export const producer: Shape<StreamName> = {
  text: 'producer(origin:peerId,identity)',
  write(writer, value) {
    peerId.write(writer, value.origin);
    identity.write(writer, value.identity);
  },
  read(reader) {
    const origin = peerId.read(reader);
    const disk = identity.read(reader);
    if (reader.failed) return { origin, identity: disk };
    const slot = slotOf(disk) & (PRODUCER_SLOTS - 1);
    const known = producers[slot];
    if (known !== undefined && known.origin === origin && sameIdentity(known.identity, disk)) return known;
    const fresh = { origin, identity: disk };
    producers[slot] = fresh;
    return fresh;
  },
};

/** Two checksums of 32 bits. */
export const chain: Shape<Chain> = {
  text: 'chain(u32,u32)',
  write(writer, value) {
    writer.u32(value.a);
    writer.u32(value.b);
  },
  read: (reader) => ({ a: reader.u32(), b: reader.u32() }),
};

/** The value, or null, after a byte that says which. */
export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return {
    text: `orNull(${shape.text})`,
    write(writer, value) {
      writer.u8(value === null ? 0 : 1);
      if (value !== null) shape.write(writer, value);
    },
    read: (reader) => (flag.read(reader) ? shape.read(reader) : null),
  };
}

export const groupMember = struct<GroupMember>({
  peer: peerId,
  identity,
  priority: orNull(priority),
  address,
});

const members = list(groupMember, LIMITS.groupMembersMax);

export const groupView = struct<GroupView>({
  voters: members,
  learners: members,
  joint: orNull(members),
  tieBreak: flag,
});

export const epoch = struct<Epoch>({ ballot, first: count });

export const producerRow = struct<ProducerRow>({
  origin: peerId,
  identity,
  lastN: count,
  lastIndex: count,
  retired: flag,
});

const BASE: Fields<Omit<Base, 'absorbed'>> = {
  group: hex16,
  index: count,
  ballot,
  chain,
  nextSequence: count,
  view: groupView,
  viewId: count,
  producers: list(producerRow, LIMITS.producersMax),
  epochs: list(epoch, LIMITS.epochsMax),
  version: count,
};

export const base = struct<Base>({ ...BASE, absorbed: list(hex16, LIMITS.absorbedGroupsMax) });

/** As it was written before groups could go into others. */
export const formerBase = struct<Omit<Base, 'absorbed'>>(BASE);

const founding = struct<FoundingState>({
  promised: ballot,
  accepted: orNull(struct<NonNullable<FoundingState['accepted']>>({ ballot, group: hex16, view: groupView })),
});

export const orderState = struct<OrderState>({
  group: orNull(hex16),
  promised: ballot,
  damaged: flag,
  floor: count,
  founding: orNull(founding),
});

/** An index, or -1 for none. */
export const indexOrNone: Shape<number> = {
  text: 'index|-1',
  write: (writer, value) => writer.varint(value + 1),
  read: (reader) => reader.varint() - 1,
};

/** Bytes as they are, after their number. */
export function opaque(bytesMax: number): Shape<Uint8Array> {
  return {
    text: `bytes(<=${bytesMax})`,
    write(writer, value) {
      writer.varint(value.length);
      writer.raw(value);
    },
    read: (reader) => reader.raw(boundedLength(reader, bytesMax)),
  };
}

function boundedLength(reader: ByteReader, bytesMax: number): number {
  const length = reader.varint();
  if (length > bytesMax) reader.refuse(`${length} bytes are too many, allowed are ${bytesMax}`);
  return reader.failed ? 0 : length;
}

/** Which slot of the cache is its: of two that share one, each is only decoded anew. */
function slotOf({ random }: Identity): number {
  return (
    random.charCodeAt(12) * 4_913 +
    random.charCodeAt(13) * 289 +
    random.charCodeAt(14) * 17 +
    random.charCodeAt(15)
  );
}
