// What the simulator's checkers, trace and counters see: every effect of every peer, as it happens. A watcher
// overrides what it wants to see. Watchers only look; a run is the same whoever watches.

import type { Address } from '../model/address.ts';
import type { ReceiptKey, Recovered } from '../model/durable.ts';
import type { Fact } from '../model/fact.ts';
import type { PeerId, SensorId } from '../model/ids.ts';
import type { Reading } from '../model/reading.ts';
import type { Channel } from '../protocol/outbox.ts';
import type { Message } from '../wire/messages.ts';
import type { DiskContent, DiskWrite } from './disk.ts';

/** The machine something happened at. */
export interface Place {
  readonly index: number;
  readonly peer: PeerId;
  readonly address: Address;
  /** How many processes have started here: 0 before the first. */
  readonly life: number;
}

export abstract class Watcher {
  started(_at: Place, _recovered: Recovered): void {}
  /** The process is gone; `graceful` when it had said goodbye. */
  stopped(_at: Place, _graceful: boolean): void {}
  sent(_at: Place, _to: PeerId, _message: Message, _channel: Channel): void {}
  contacted(_at: Place, _address: Address): void {}
  announced(_at: Place, _fact: Fact): void {}
  asked(_at: Place, _write: DiskWrite): void {}
  /** A write would survive a crash from here on. The process is told afterwards, or never if it is gone. */
  durable(_at: Place, _write: DiskWrite): void {}
  /** The disk holds something else than the process left: an older backup, or nothing. */
  diskReplaced(_at: Place, _content: DiskContent): void {}
  submitted(_at: Place, _ticket: number, _readings: readonly Reading[], _receipt?: ReceiptKey): void {}
  forgot(_at: Place, _ticket: number, _sensors: readonly SensorId[]): void {}
  /** Something the scenario does to the world, for the story. */
  fault(_what: string): void {}
}
