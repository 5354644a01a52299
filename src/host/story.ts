// Facts as lines of a log: which are told at all, how grave they are, and in what words. A line is a constant
// sentence but for the ids of peers, which are safe in a terminal by their syntax. SPEC rule HO6.

import { addressText } from '../model/address.ts';
import type { Fact } from '../model/fact.ts';
import { identityText } from '../model/ids.ts';
import type { Line } from './line.ts';
import { orderLineOf } from './order-story.ts';

/** Null for facts that come with every reading: counters tell those. */
export function lineOf(fact: Fact): Line | null {
  switch (fact.type) {
    case 'member-joined':
      return story(`${fact.peer} joined`, { address: addressText(fact.address) });
    case 'member-moved':
      return story(`${fact.peer} moved`, {
        from: addressText(fact.from),
        address: addressText(fact.address),
      });
    case 'member-status':
      return story(`${fact.peer} is ${fact.status}`, { was: fact.was, why: fact.why });
    case 'rumour-refuted':
      return story('refuted a rumour about this node', { said: fact.said, incarnation: fact.incarnation });
    case 'identity-taken':
      return {
        level: 'warn',
        text: 'took a new identity',
        fields: { identity: identityText(fact.identity), was: identityText(fact.was), why: fact.why },
      };
    case 'foreign-identity':
      return debug('somebody holds readings of this node id that this node did not write', {
        identity: identityText(fact.identity),
        upto: fact.upto,
      });
    case 'duplicate-node':
      return {
        level: 'warn',
        text: 'another live process uses this node id',
        fields: { address: addressText(fact.address) },
      };
    case 'sensor-collision':
      return {
        level: 'warn',
        text: 'two nodes write one sensor; the latest reading wins',
        fields: { sensor: fact.sensor, origins: fact.origins.join(' ') },
      };
    case 'alert': {
      const { rule, sensor, severity, state, text: what } = fact.alert;
      const isRaised = state === 'raised';
      return {
        level: isRaised ? 'warn' : 'story',
        text: isRaised ? 'an alert is raised' : 'an alert is over',
        fields: { rule, sensor, severity, what },
      };
    }
    case 'clock-off':
      return {
        level: 'warn',
        text:
          fact.offsetMs === 0
            ? "this node's clock agrees with the others again"
            : "this node's clock is wrong; arrival times are corrected",
        fields: { offset_ms: fact.offsetMs },
      };
    case 'clock-suspect':
      return debug("a device's clock runs ahead", { sensor: fact.sensor, ahead_ms: fact.aheadMs });
    case 'full-sync-started':
      return story(`full sync from ${fact.peer} started`);
    case 'full-sync-finished':
      return story(`full sync from ${fact.peer} finished`, { records: fact.records });
    case 'converged':
      return story(`state is equal to that of ${fact.peer}`);
    case 'peer-refused':
      return {
        level: 'warn',
        text: 'kept somebody out',
        fields: { where: fact.where, why: fact.why, ...(fact.named !== null && { peer: fact.named }) },
      };
    case 'message-refused':
      return debug('a message was refused', { peer: fact.peer, code: fact.code, reason: fact.reason });
    case 'link-up':
      return debug(`connected to ${fact.peer}`, { address: addressText(fact.address) });
    case 'link-down':
      return debug(`connection to ${fact.peer} ended`, { cause: fact.cause });
    case 'incarnation-raised':
    case 'stored':
    case 'submit-stored':
    case 'submit-refused':
    case 'registers-changed':
    case 'addresses-known':
    case 'messages-received':
      return null;
    default:
      return orderLineOf(fact);
  }
}

function story(text: string, fields?: Line['fields']): Line {
  return { level: 'story', text, ...(fields && { fields }) };
}

function debug(text: string, fields: NonNullable<Line['fields']>): Line {
  return { level: 'debug', text, fields };
}
