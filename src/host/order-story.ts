// Facts of the history plane as lines of the log. Elections are the story that people watch: the lines with
// COORDINATOR and Group Leader are what they have searched for since the earlier system. SPEC rule HO6.

import { ballotText } from '../model/ballot.ts';
import { identityText } from '../model/ids.ts';
import type { OrderFact } from '../model/order-fact.ts';
import type { Line } from './line.ts';

/** Null for facts that come with every reading, or answer one caller. */
export function orderLineOf(fact: OrderFact): Line | null {
  switch (fact.type) {
    case 'election-started':
      return story('stands for election', { ballot: ballotText(fact.ballot), why: fact.why });
    case 'election-ok':
      return story(`stands down: ${fact.from} answered OK`);
    case 'election-deaf':
      return debug(`${fact.to} answered OK and did not lead`);
    case 'election-synced':
      return story(`fetched the newer log of ${fact.from}`, { entries: fact.entries });
    case 'election-failed':
      return story('was not elected', { ballot: ballotText(fact.ballot), why: fact.why });
    case 'promise-given':
      return debug(`promised to follow ${fact.to}`, { ballot: ballotText(fact.ballot) });
    case 'became-leader':
      return story(`became the Group Leader via ${fact.how}`, {
        ballot: ballotText(fact.ballot),
        group: fact.group,
      });
    case 'coordinator':
      return story(`Received COORDINATOR announcement: ${fact.peer}`, { ballot: ballotText(fact.ballot) });
    case 'leader-lost':
      return story(`lost the leader ${fact.peer}`, { why: fact.why });
    case 'abdicated':
      return story('leads no more', { ballot: ballotText(fact.ballot), why: fact.why });
    case 'transfer':
      return story(`hand-over to ${fact.to}: ${fact.step}`, { why: fact.why });
    case 'penalty':
      return debug(`${fact.peer} is not given the lead for a while`, {
        penalty: fact.penalty,
        hold_ms: fact.holdMs,
      });
    case 'group-founded':
      return story('the group is founded', {
        group: fact.group,
        voters: fact.view.voters.map(({ peer }) => peer).join(' '),
      });
    case 'group-joined':
      return story(`joined the group of ${fact.from}`, { group: fact.group });
    case 'group-view': {
      if (!fact.committed) return null;
      const { voters, learners } = fact.view;
      return story('VIEW_CHANGE', {
        view_id: fact.viewId,
        voters: voters.map(({ peer }) => peer).join(' '),
        ...(learners.length > 0 && { learners: learners.map(({ peer }) => peer).join(' ') }),
      });
    }
    case 'group-present':
      return story('present in the group', { present: fact.present.join(' ') });
    case 'log-cut':
      return warn('cut a tail that was never committed; its readings are ordered anew', {
        after: fact.after,
        last: fact.last,
      });
    case 'history-gap':
      return warn('readings of the history are gone here', {
        from: fact.fromSequence,
        to: fact.toSequence,
        why: fact.why,
      });
    case 'records-lost':
      return warn('own readings exist nowhere any more', {
        identity: identityText(fact.identity),
        first_n: fact.firstN,
        last_n: fact.lastN,
        why: fact.why,
      });
    case 'log-damaged':
      return warn('the history is damaged here and is fetched from others', { from: fact.from, to: fact.to });
    case 'log-mended':
      return warn('the history is whole again');
    case 'safety-halt':
      return warn('takes no further part in the order: what must never be was seen', {
        why: fact.why,
        index: fact.index,
      });
    case 'format-unknown':
      return warn('stops following the order: its format is newer than this program', {
        format: fact.format,
        known: fact.known,
      });
    case 'group-merge':
      return story(`two groups become one: ${fact.step}`, { group: fact.group, into: fact.into });
    case 'committed':
    case 'own-committed':
    case 'command-done':
    case 'namesake-in-group':
    case 'read-point':
      return null;
  }
}

type Fields = NonNullable<Line['fields']>;

function story(text: string, fields?: Fields): Line {
  return { level: 'story', text, ...(fields && { fields }) };
}

function debug(text: string, fields?: Fields): Line {
  return { level: 'debug', text, ...(fields && { fields }) };
}

function warn(text: string, fields?: Fields): Line {
  return { level: 'warn', text, ...(fields && { fields }) };
}
