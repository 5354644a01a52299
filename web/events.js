// The list of events, newest first, in words.

import { byId, element, timeText } from './dom.js';

const SHOWN_MAX = 200;

const WORDS = {
  member_joined: ['joined', ''],
  member_moved: ['has another address', ''],
  member_alive: ['is alive', 'good'],
  member_suspected: ['is suspected', 'warn'],
  member_dead: ['is dead', 'bad'],
  member_left: ['left', ''],
  link_up: ['is linked', ''],
  link_down: ['is not linked any more', ''],
  full_sync_started: ['is asked for everything', ''],
  full_sync_finished: ['has sent everything', ''],
  converged: ['and this node are equal', 'good'],
};

export class Events {
  #list = byId('events');
  #note = byId('events-note');
  #last = 0;

  replace(events) {
    this.#list.replaceChildren();
    this.#last = 0;
    for (const event of events) this.add(event);
    this.#note.hidden = events.length > 0;
  }

  add(event) {
    if (event.id <= this.#last) return;
    this.#last = event.id;
    this.#list.prepend(lineOf(event));
    this.#note.hidden = true;
    if (this.#list.children.length > SHOWN_MAX) this.#list.lastElementChild.remove();
  }
}

function lineOf(event) {
  const [words, state] = WORDS[event.event_type] ?? [null, ''];
  const what = words === null ? event.event_type.replaceAll('_', ' ') : `${event.target_id} ${words}`;
  const time = element('time', '', timeText(event.ts_ms));
  time.dateTime = new Date(event.ts_ms).toISOString();
  const line = element('li', '', time, element('span', 'what', what));
  const why = whyText(event);
  if (why !== '') line.append(element('span', 'why', why));
  if (state !== '') line.dataset.state = state;
  return line;
}

function whyText({ event_type, details = {} }) {
  if (event_type in WORDS) return String(details.why || details.cause || details.address || '');
  return Object.entries(details)
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${Array.isArray(value) ? value.join(', ') : value}`)
    .join(' · ');
}
