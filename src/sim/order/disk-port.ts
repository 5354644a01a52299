// What a simulated machine of the order has for a disk. Two implement it: `disk.ts` keeps what was written as it is,
// `byte-disk.ts` runs the storage engine on a disk of bytes. SPEC rules SM42, SM58.

import type { OutboxRest } from '../../model/durable.ts';
import type { Entry, OrderState, RecoveredLog } from '../../model/entry.ts';
import type { Identity } from '../../model/ids.ts';
import type { OutboxBatch } from '../../protocol/ordering/port.ts';
import type { OrderImage, OrderWrite } from './image.ts';

/** `entries`: as it is. `bytes`: by the storage engine. `mixed`: some seeds have the one, most the other. */
export const DISK_KINDS = ['entries', 'bytes', 'mixed'] as const;
export type DiskChoice = (typeof DISK_KINDS)[number];
export type DiskKind = Exclude<DiskChoice, 'mixed'>;

export interface OrderDiskOptions {
  readonly syncMs: { readonly min: number; readonly max: number };
}

export type FileName = 'superblock' | 'log' | 'outbox';

/** What a process that starts is told of its disk. */
export interface DiskFound {
  /** Null: it never had one, or may not go on under it. */
  readonly identity: Identity | null;
  readonly state: OrderState | null;
  readonly log: RecoveredLog;
  readonly outbox: readonly OutboxRest[];
  /** The last own n that is known, under the identity found. */
  readonly lastN: number;
  /** Something it had answered for is gone, as it may be after such a fault: who has this disk is another member. */
  readonly isLost: boolean;
}

export interface SimulatedDisk {
  readonly kind: DiskKind;
  /** What a power cut would leave, as far as the disk has answered for it. */
  readonly image: OrderImage;
  /** Whether it takes no batches at this moment. */
  readonly isFull: boolean;
  /** It may have lost what it answered for, though nobody has noticed. */
  readonly isDoubtful: boolean;
  /** `done` once it is durable; a batch comes back as it stands in the outbox. */
  write(write: OrderWrite, done: (stored: OutboxBatch | null) => void): void;
  /** `isWanted`: whether the process still has the entry in its log. */
  readLog(read: LogWanted, done: (entries: readonly Entry[]) => void): void;
  readOutbox(read: BatchesWanted, done: (batches: readonly OutboxBatch[]) => void): void;
  /** Gives it back entries that it lost, as other peers had them; `done` with whether it took them. */
  mendLog(entries: readonly Entry[], done: (mended: boolean) => void): void;
  /** Opens it for a process that starts. */
  recover(): DiskFound;
  /** Before the process runs: what it is from here on. */
  born(identity: Identity): void;
  /** The identity that the process goes on under, durably; `done` then. */
  become(identity: Identity, done: () => void): void;
  /** The process is gone; with `powered` the system lives on. */
  crash(powered: boolean): void;
  /** While no process runs: another disk, or a part of it. */
  replace(image: OrderImage): void;
  /** While no process runs: bytes of the log are not what was written. */
  rot(unit: number): void;
  setFull(full: boolean): void;
  /** It answers syncs and does nothing, until the power fails. Only disks of bytes can. */
  setLying(lying: boolean): void;
  /** What it had lied about, or refused, is on it after all. */
  settle(): void;
  /** The next sync is refused, which ends the process. Only disks of bytes can. */
  failNext(): void;
  /** 1 is as fast as it ever is. */
  setSlowness(slowness: number): void;
  /** A disk that is stuck answers nothing until it comes loose; scripts let a single file stick. */
  setStuck(stuck: boolean, names?: readonly FileName[]): void;
}

export interface LogWanted {
  readonly from: number;
  readonly to: number;
  readonly bytesMax: number;
  readonly isWanted: (entry: Entry) => boolean;
}

export interface BatchesWanted {
  readonly identity: Identity;
  readonly fromN: number;
  readonly bytesMax: number;
}

/** What a disk tells without being asked. */
export interface DiskEvents {
  /** A write would survive a crash from here on; the asker is told afterwards, or never. */
  durable(write: OrderWrite): void;
  /** It is full from here on, or has room again. */
  full(full: boolean): void;
  /** Entries that were durable are wrong or gone; `mendLog` wants them. */
  damaged(from: number, to: number): void;
  /** It refused what cannot be done without: the process ends. */
  broken(): void;
  /** It forgot what it had answered for, or found damage where there is none. */
  problem(what: string): void;
}

/** Reading a disk takes a moment, and never waits for a sync. */
export const READ_MS = 0.2;
