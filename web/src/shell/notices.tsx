// What must be said in words at once: the page's node is gone, or the part of the site it shows is a minority.
// SPEC rules UI2, UI3.

import { linkState, members, pulse, self, view } from '../live/store.ts';
import { timeText } from '../words/text.ts';

export function Notices() {
  const lost = linkNotice();
  const order = orderNotice();
  return (
    <div class="notices" role="alert">
      {lost && (
        <p class="notice" data-tone={lost.tone}>
          {lost.text}
        </p>
      )}
      {order && (
        <p class="notice" data-tone="bad" id="minority">
          {order}
        </p>
      )}
    </div>
  );
}

function linkNotice(): { readonly tone: 'warn' | 'bad'; readonly text: string } | null {
  const { phase, node, home, lostAt } = linkState.value;
  if (phase === 'live') {
    if (node === home) return null;
    return { tone: 'warn', text: `${home} does not answer. This page goes on with ${node}.` };
  }
  if (node === null || lostAt === null) return null;
  const since = `${node} has not answered since ${timeText(lostAt)}.`;
  if (phase === 'searching') return { tone: 'warn', text: `${since} Looking for another node …` };
  if (phase !== 'alone') return null;
  return {
    tone: 'bad',
    text: `${since} No other node that this page knows of answers either. It keeps trying.`,
  };
}

/** Null while there is a quorum, or no group yet. */
function orderNotice(): string | null {
  const group = view.value;
  if (pulse.value === null || group === null || group.group === null || group.quorum) return null;
  const node = self.value ?? '';
  const reached = new Set(
    members.value.filter(({ id, status }) => id === node || status === 'alive').map(({ id }) => id),
  );
  const here = group.voters.filter((voter) => reached.has(voter)).length;
  const of = group.voters.length;
  return here * 2 > of
    ? `No leader at the moment: ${node} reaches ${here} of ${of} voters, and an election is on. Readings are stored and get their places as soon as there is one.`
    : `In a minority: ${node} reaches ${here} of ${of} voters. Readings are stored here and shown, and get their places in the common order when more voters are back.`;
}
