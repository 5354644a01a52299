// Facts as people see them outside: the rows of `/api/introspection/events`, `/api/v1/events` and the live
// stream. Facts that come with every reading are no events; the readings themselves tell of them. SPEC rule AP6.

import type { TimedFact } from '../hub/hub.ts';
import { addressText } from '../model/address.ts';
import type { Fact } from '../model/fact.ts';
import { identityText, type PeerId } from '../model/ids.ts';
import type { EventBody, EventDetail, EventRow } from './event-row.ts';
import { orderEvent } from './order-event.ts';

/** Null for a fact that is no event. */
export function eventRow(timed: TimedFact, self: PeerId): EventRow | null {
  const body = bodyOf(timed.fact, self);
  return body && { id: timed.id, ts_ms: timed.atMs, ...body };
}

export function eventRows(facts: readonly TimedFact[], self: PeerId): EventRow[] {
  return facts.flatMap((timed) => eventRow(timed, self) ?? []);
}

function bodyOf(fact: Fact, self: PeerId): EventBody | null {
  switch (fact.type) {
    case 'member-joined':
      return between('member_joined', self, fact.peer, {
        address: addressText(fact.address),
        incarnation: fact.incarnation,
      });
    case 'member-moved':
      return between('member_moved', self, fact.peer, {
        address: addressText(fact.address),
        from: addressText(fact.from),
      });
    case 'member-status':
      return between(`member_${fact.status}`, self, fact.peer, {
        was: fact.was,
        incarnation: fact.incarnation,
        why: fact.why,
      });
    case 'rumour-refuted':
      return here('rumour_refuted', self, { said: fact.said, incarnation: fact.incarnation });
    case 'incarnation-raised':
      return here('incarnation_raised', self, { incarnation: fact.incarnation });
    case 'link-up':
      return between('link_up', self, fact.peer, { address: addressText(fact.address) });
    case 'link-down':
      return between('link_down', self, fact.peer, { cause: fact.cause });
    case 'duplicate-node':
      return here('duplicate_node', self, { address: addressText(fact.address) });
    case 'foreign-identity':
      return here('foreign_identity', self, { identity: identityText(fact.identity), upto: fact.upto });
    case 'identity-taken':
      return here('identity_taken', self, {
        identity: identityText(fact.identity),
        was: identityText(fact.was),
        why: fact.why,
      });
    case 'sensor-collision':
      return about('sensor_collision', self, { sensor: fact.sensor, origins: [...fact.origins] });
    case 'alert':
      return about(`alert_${fact.alert.state}`, self, {
        rule: fact.alert.rule,
        sensor: fact.alert.sensor,
        severity: fact.alert.severity,
        text: fact.alert.text,
      });
    case 'clock-suspect':
      return about('clock_suspect', self, { sensor: fact.sensor, ahead_ms: fact.aheadMs });
    case 'clock-off':
      return here('clock_off', self, { offset_ms: fact.offsetMs });
    case 'full-sync-started':
      return between('full_sync_started', self, fact.peer, {});
    case 'full-sync-finished':
      return between('full_sync_finished', self, fact.peer, { records: fact.records });
    case 'converged':
      return between('converged', self, fact.peer, {});
    case 'peer-refused':
      return here('peer_refused', self, {
        where: fact.where,
        why: fact.why,
        ...(fact.named !== null && { peer: fact.named }),
      });
    case 'message-refused':
      return between('message_refused', fact.peer, self, { code: fact.code, reason: fact.reason });
    case 'stored':
    case 'submit-stored':
    case 'submit-refused':
    case 'registers-changed':
    case 'addresses-known':
    case 'messages-received':
      return null;
    default:
      return orderEvent(fact, self);
  }
}

function between(event_type: string, sender_id: string, target_id: string, details: Details): EventBody {
  return { event_type, category: 'control_plane', sender_id, target_id, details };
}

function here(event_type: string, sender_id: string, details: Details): EventBody {
  return { event_type, category: 'control_plane', sender_id, details };
}

function about(event_type: string, sender_id: string, details: Details): EventBody {
  return { event_type, category: 'data_plane', sender_id, details };
}

type Details = { readonly [name: string]: EventDetail };
