// What was not as it should be when a data directory was opened, and what was done about it.

import { type Identity, identityText } from '../model/ids.ts';

export type Finding =
  /** A write that a crash interrupted, never acknowledged: cut. */
  | { readonly kind: 'torn'; readonly file: string; readonly offset: number; readonly bytes: number }
  /**
   * Something that was durable is wrong or gone. The readings `fromN` to `toN` of `identity` are lost here; without
   * `toN` it is not known how far, without `fromN` none are. What could be read was kept.
   */
  | {
      readonly kind: 'damaged';
      readonly file: string;
      readonly offset: number;
      readonly why: string;
      readonly identity?: Identity;
      readonly fromN?: number;
      readonly toN?: number;
    }
  /** A record is whole and yet makes no sense. It stays where it is. */
  | {
      readonly kind: 'undecodable';
      readonly file: string;
      readonly offset: number;
      readonly why: string;
      readonly fromN: number;
      readonly toN: number;
    }
  /**
   * Something of the history log is wrong or gone. Without `from` no entry is lost; the others are to be fetched
   * from other peers.
   */
  | {
      readonly kind: 'log-damaged';
      readonly file: string;
      readonly offset: number;
      readonly why: string;
      readonly from?: number;
      readonly to?: number;
    }
  /** Entries that were acknowledged are gone, and nobody knows how many: this peer's word is worth nothing. */
  | { readonly kind: 'log-lost'; readonly why: string }
  /** One of the two copies was bad or older; written again from the other. */
  | { readonly kind: 'superblock-copy'; readonly copy: number }
  /** Neither copy can be read, though the directory was in use. */
  | { readonly kind: 'superblock-lost' };

export function findingText(finding: Finding): string {
  switch (finding.kind) {
    case 'torn':
      return `${finding.file}: ${finding.bytes} bytes of an interrupted write at ${finding.offset} were cut off`;
    case 'damaged': {
      const { file, offset, why, identity, fromN, toN } = finding;
      const whose = identity ? ` of identity ${identityText(identity)}` : '';
      const lost =
        fromN === undefined
          ? 'no reading is lost'
          : `readings ${fromN} to ${toN ?? '?'}${whose} are lost here`;
      return `${file} is damaged at ${offset} (${why}): ${lost}`;
    }
    case 'undecodable':
      return `${finding.file}: the readings ${finding.fromN} to ${finding.toN} at ${finding.offset} make no sense (${finding.why})`;
    case 'log-damaged': {
      const { file, offset, why, from, to } = finding;
      const lost = from === undefined ? 'no entry is lost' : `entries ${from} to ${to} are fetched again`;
      return `${file} is damaged at ${offset} (${why}): ${lost}`;
    }
    case 'log-lost':
      return `the history log cannot be trusted (${finding.why}): this node joins its group as a new member`;
    case 'superblock-copy':
      return `copy ${finding.copy} of the superblock was bad, or older after an interrupted save, and has been written again`;
    case 'superblock-lost':
      return 'both copies of the superblock are bad: the identity of this directory cannot be trusted';
  }
}
