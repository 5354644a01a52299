// Members and links as the earlier system shows them, and as version 1 does. SPEC rules AP5 and AP12.

import type { Hub } from '../hub/hub.ts';
import { compareText } from '../kit/order.ts';
import { identityText } from '../model/ids.ts';
import type { MemberView } from '../model/view.ts';
import type { Members, Membership, Peer, Topology } from './schema.ts';

/** All members but this node itself, which the earlier system never lists among its peers. */
export function membershipOf(hub: Hub, nowMs: number, evidenceRecentMs: number): Membership {
  const peers = hub
    .members()
    .filter((member) => !member.self)
    .map((member) => peerRow(member, nowMs, evidenceRecentMs))
    .sort((a, b) => compareText(a.peer_id, b.peer_id));
  return { local_node_id: hub.self, peers };
}

function peerRow(member: MemberView, nowMs: number, evidenceRecentMs: number): Peer {
  const directObserved = member.lastDirectMs > 0;
  return {
    peer_id: member.peer,
    host: member.address.host,
    port: member.address.port,
    status: member.status === 'left' ? 'dead' : member.status,
    phi: directObserved ? member.phi : null,
    last_heartbeat_ts_ms: member.lastDirectMs,
    sample_count: member.samples,
    sample_window_size: member.sampleWindow,
    status_transition_ts_ms: member.statusSinceMs,
    direct_status: member.directStatus,
    evidence_status: evidenceStatus(member, nowMs, evidenceRecentMs),
    display_status: displayStatus(member, nowMs, evidenceRecentMs),
    last_evidence_ts_ms: member.lastEvidenceMs,
    last_evidence_source: member.lastEvidenceSource,
    direct_observed: directObserved,
  };
}

function evidenceStatus(member: MemberView, nowMs: number, recentMs: number): Peer['evidence_status'] {
  if (member.lastEvidenceMs === 0) return 'unknown';
  return nowMs - member.lastEvidenceMs <= recentMs ? 'active' : 'stale';
}

function displayStatus(member: MemberView, nowMs: number, recentMs: number): Peer['display_status'] {
  switch (member.status) {
    case 'suspected':
      return 'suspected';
    case 'dead':
    case 'left':
      return 'dead';
    case 'alive':
      if (member.lastDirectMs > 0 && nowMs - member.lastDirectMs <= recentMs) return 'alive_direct';
      // Somebody once listed it, and nothing has been heard of it since.
      return member.lastEvidenceMs === 0 && member.lastDirectMs === 0 ? 'unknown' : 'alive_indirect';
  }
}

export function topologyOf(hub: Hub): Topology {
  const views = [...hub.topology()].sort((a, b) => compareText(a.node, b.node));
  return {
    local_node_id: hub.self,
    adjacency: Object.fromEntries(views.map((view) => [view.node, [...view.neighbours]])),
    entries: views.map((view) => ({
      node_id: view.node,
      direct_neighbors: [...view.neighbours],
      updated_at_ms: view.updatedAtMs,
    })),
  };
}

export function membersOf(hub: Hub): Members {
  return hub
    .members()
    .map((member) => ({
      id: member.peer,
      self: member.self,
      status: member.status,
      status_since_ms: member.statusSinceMs,
      host: member.address.host,
      port: member.address.port,
      api_port: member.apiPort,
      zone: member.zone,
      incarnation: member.incarnation,
      identity: identityText(member.identity),
      phi: member.phi,
      samples: member.samples,
      last_heard_ms: member.lastDirectMs,
      last_evidence_ms: member.lastEvidenceMs,
      last_evidence_source: member.lastEvidenceSource,
      direct_status: member.directStatus,
      linked: member.linked,
      clock_offset_ms: member.clockOffsetMs,
      round_trip_ms: member.roundTripMs,
    }))
    .sort((a, b) => compareText(a.id, b.id));
}
