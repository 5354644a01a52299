// The links between zones in a graph of bounded degree. Zones stand in a ring and are linked as peers within a zone
// are, at offsets 1, 2, 4 …; of two zones so many members are linked as the smaller one has doublings, so that no
// single loss parts them. The links of a zone go to its members in turn, so each has its share. SPEC rule PR14.

import { must } from '../kit/assert.ts';
import type { PeerId } from '../model/ids.ts';
import { atOffsets, doublingOffsets } from './circulant.ts';

type Zones = ReadonlyMap<string, readonly PeerId[]>;

/** The members of other zones that `peer` of `zone` is linked to. */
export function zoneLinksOf(peer: PeerId, zone: string, zones: Zones): readonly PeerId[] {
  const found = new Set<PeerId>();
  for (const other of nearZones(zone, zones)) {
    const ours = endsOf(zone, other, zones);
    const theirs = endsOf(other, zone, zones);
    ours.forEach((end, link) => {
      if (end === peer) found.add(must(theirs[link], 'a link has two ends'));
    });
  }
  return [...found];
}

/** The ends in `zone` of its links to `other`, link by link. */
function endsOf(zone: string, other: string, zones: Zones): readonly PeerId[] {
  const members = membersOf(zone, zones);
  let before = 0;
  for (const near of nearZones(zone, zones)) {
    const links = linksBetween(members.length, membersOf(near, zones).length);
    if (near === other) {
      return Array.from({ length: links }, (_, link) => membersAt(members, before + link));
    }
    before += links;
  }
  return [];
}

/** At least one, and never two between the same members. */
function linksBetween(a: number, b: number): number {
  const smaller = Math.min(a, b);
  let links = 1;
  while (2 ** links <= smaller) links++;
  return links;
}

function membersAt(members: readonly PeerId[], turn: number): PeerId {
  return must(members[turn % members.length], 'a zone has members');
}

function membersOf(zone: string, zones: Zones): readonly PeerId[] {
  return must(zones.get(zone), 'a zone that is named has members');
}

/** In the order of the ring, so that both sides count alike. */
function nearZones(zone: string, zones: Zones): readonly string[] {
  const names = [...zones.keys()];
  if (names.length < 2) return [];
  return atOffsets(names, names.indexOf(zone), doublingOffsets(names.length));
}
