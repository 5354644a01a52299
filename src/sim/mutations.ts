// Broken peers. Each breaks one promise from outside, between a real peer and its host, and must be caught by
// a checker within a few seeds: a checker that never caught anything is not trusted. SPEC rule SM18.

import type { Batch, HardState, Snapshot } from '../model/durable.ts';
import type { Rumour } from '../model/member.ts';
import type { Record } from '../model/reading.ts';
import type { Now } from '../model/time.ts';
import type { PeerOptions } from '../peer/options.ts';
import type { Input, PeerOutbox } from '../peer/port.ts';
import type { Delta, Message } from '../wire/messages.ts';
import { PeerProcess } from './process.ts';
import type { Boot } from './world.ts';

export type MakeProcess = (boot: Boot, options: PeerOptions) => PeerProcess;

/** By what each does wrong. */
export const MUTATIONS = {
  'answers before the disk has': (boot, options) => new EarlyAnswers(boot, options),
  'gossips before the disk has answered': (boot, options) => new EarlyGossip(boot, options),
  'finds all batches but the last again': (boot, options) => new ForgetfulStore(boot, options),
  'has snapshots without its own readings': (boot, options) => new HollowSnapshots(boot, options),
  'keeps its incarnation for itself': (boot, options) => new FrozenIncarnation(boot, options),
  'counts from 1 again under the same identity': (boot, options) => new SameName(boot, options),
  'takes the time of arrival for the time of reading': (boot, options) => new ArrivalTime(boot, options),
  'accepts what comes beyond a gap': (boot, options) => new GapBlind(boot, options),
  'loses a record now and then': (boot, options) => new LosesRecords(boot, options),
  'does not hear what is said of itself': (boot, options) => new DeafToRumours(boot, options),
  'stops dialling': (boot, options) => new StopsDialling(boot, options),
  'says everything many times': (boot, options) => new Chatterbox(boot, options),
} as const satisfies { readonly [what: string]: MakeProcess };

export type Mutation = keyof typeof MUTATIONS;

/** A peer whose inputs and requests pass through a subclass's hands. */
class Tampered extends PeerProcess {
  override start(out: PeerOutbox): void {
    super.start(this.tamperedOutbox(out));
  }

  override handle(input: Input, now: Now, out: PeerOutbox): void {
    super.handle(this.tamperedInput(input, now), now, this.tamperedOutbox(out));
  }

  protected tamperedInput(input: Input, _now: Now): Input {
    return input;
  }

  protected tamperedOutbox(out: PeerOutbox): PeerOutbox {
    return out;
  }
}

class EarlyAnswers extends PeerProcess {
  override handle(input: Input, now: Now, out: PeerOutbox): void {
    if (input.type === 'appended') return;
    const early: Batch[] = [];
    const tampered: PeerOutbox = {
      ...passingOn(out),
      append: (batch) => {
        out.append(batch);
        early.push(batch);
      },
    };
    super.handle(input, now, tampered);
    for (const batch of early) super.handle({ type: 'appended', batch }, now, tampered);
  }
}

class EarlyGossip extends Tampered {
  protected override tamperedOutbox(out: PeerOutbox): PeerOutbox {
    return {
      ...passingOn(out),
      append: ({ identity, records, ...rest }) => {
        out.append({ identity, records, ...rest });
        const [friend] = this.peer.membership.alivePeers();
        const first = records[0];
        const last = records.at(-1);
        if (friend === undefined || first === undefined || last === undefined) return;
        const { peer: origin } = this.boot;
        const delta: Delta = { origin, identity, after: first.n - 1, upto: last.n, droppedUpto: 0, records };
        out.send(friend, { type: 'SENSOR_UPDATE', source: 'push', deltas: [delta], more: false }, 'stream');
      },
    };
  }
}

class ForgetfulStore extends PeerProcess {
  constructor(boot: Boot, options: PeerOptions) {
    const { recovered } = boot;
    super({ ...boot, recovered: { ...recovered, batches: recovered.batches.slice(0, -1) } }, options);
  }
}

class HollowSnapshots extends Tampered {
  protected override tamperedOutbox(out: PeerOutbox): PeerOutbox {
    return {
      ...passingOn(out),
      saveSnapshot: (snapshot: Snapshot) => {
        const streams = snapshot.streams.filter(({ origin }) => origin !== this.boot.peer);
        out.saveSnapshot({ ...snapshot, streams });
      },
    };
  }
}

class FrozenIncarnation extends Tampered {
  #asked: HardState | null = null;

  protected override tamperedInput(input: Input): Input {
    if (input.type !== 'hard-state-saved' || this.#asked === null) return input;
    return { ...input, state: this.#asked };
  }

  protected override tamperedOutbox(out: PeerOutbox): PeerOutbox {
    return {
      ...passingOn(out),
      saveHardState: (state) => {
        this.#asked = state;
        out.saveHardState({ ...state, incarnation: this.boot.recovered.hardState.incarnation });
      },
    };
  }
}

class SameName extends PeerProcess {
  constructor(boot: Boot, options: PeerOptions) {
    const { recovered, index } = boot;
    const identity = { birth: 1, random: String(index).padStart(16, '0') };
    super({ ...boot, recovered: { ...recovered, hardState: { ...recovered.hardState, identity } } }, options);
  }
}

class ArrivalTime extends Tampered {
  protected override tamperedInput(input: Input, now: Now): Input {
    return withDeltas(input, (delta) => ({
      ...delta,
      records: delta.records.map((record): Record => {
        return record.kind === 'reading' ? { ...record, lwwTsMs: now.wallMs } : record;
      }),
    }));
  }
}

class GapBlind extends Tampered {
  protected override tamperedInput(input: Input): Input {
    return withDeltas(input, (delta) => ({ ...delta, after: 0 }));
  }
}

class LosesRecords extends Tampered {
  #heard = 0;

  protected override tamperedInput(input: Input): Input {
    return withDeltas(input, (delta) => ({
      ...delta,
      records: delta.records.filter(() => ++this.#heard % 20 !== 0),
    }));
  }
}

class DeafToRumours extends Tampered {
  protected override tamperedInput(input: Input): Input {
    if (input.type !== 'received') return input;
    const message = withRumours(input.message, (rumours) =>
      rumours.filter(({ peer }) => peer !== this.boot.peer),
    );
    return { ...input, message };
  }
}

class StopsDialling extends Tampered {
  #dialled = 0;

  protected override tamperedOutbox(out: PeerOutbox): PeerOutbox {
    return {
      ...passingOn(out),
      contact: (address) => {
        if (++this.#dialled <= 3) out.contact(address);
      },
    };
  }
}

class Chatterbox extends Tampered {
  protected override tamperedOutbox(out: PeerOutbox): PeerOutbox {
    return {
      ...passingOn(out),
      send: (to, message, channel) => {
        const more = withRumours(message, (rumours) => Array.from({ length: 20 }, () => rumours).flat());
        out.send(to, more, channel);
      },
    };
  }
}

function passingOn(out: PeerOutbox): PeerOutbox {
  return {
    order: out.order,
    send: (to, message, channel) => out.send(to, message, channel),
    contact: (address) => out.contact(address),
    announce: (fact) => out.announce(fact),
    append: (batch) => out.append(batch),
    saveHardState: (state) => out.saveHardState(state),
    saveSnapshot: (snapshot) => out.saveSnapshot(snapshot),
    saveAddresses: (addresses) => out.saveAddresses(addresses),
  };
}

function withDeltas(input: Input, change: (delta: Delta) => Delta): Input {
  if (input.type !== 'received' || !('deltas' in input.message)) return input;
  return { ...input, message: { ...input.message, deltas: input.message.deltas.map(change) } };
}

function withRumours(message: Message, change: (rumours: readonly Rumour[]) => readonly Rumour[]): Message {
  return 'rumours' in message ? { ...message, rumours: change(message.rumours) } : message;
}
