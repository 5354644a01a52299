// The cards of the nodes: status, suspicion level, address, and when each was last heard.

import { ageText, byId, element, setFlag, setText } from './dom.js';

/** Full scale of the suspicion meter, and the node's default thresholds on it. */
const PHI = { max: 12, suspect: 3, dead: 8 };
const STATES = { alive: 'good', suspected: 'warn', dead: 'bad', left: 'bad' };

export class Nodes {
  #list = byId('nodes');
  #cards = new Map();

  show(members, self) {
    const now = Date.now();
    for (const id of this.#cards.keys()) {
      if (!members.some((member) => member.id === id)) this.#cards.delete(id);
    }
    for (const member of members) this.#write(this.#card(member.id), member, now, member.id === self);
    const cards = members.map((member) => this.#cards.get(member.id).card);
    const same =
      cards.length === this.#list.children.length &&
      cards.every((card, i) => this.#list.children[i] === card);
    if (!same) this.#list.replaceChildren(...cards);
  }

  #card(id) {
    let cells = this.#cards.get(id);
    if (!cells) {
      cells = makeCard(id);
      this.#cards.set(id, cells);
    }
    return cells;
  }

  #write(cells, member, now, isSelf) {
    setFlag(cells.card, 'data-state', STATES[member.status]);
    setFlag(cells.card, 'data-self', isSelf ? 'yes' : null);
    setText(cells.status, isSelf ? 'this node' : member.status);
    setText(cells.address, `${member.host}:${member.port}`);
    // A level of suspicion says nothing about who is known to be gone.
    const judged = !isSelf && (member.status === 'alive' || member.status === 'suspected');
    setText(cells.heard, isSelf ? '' : heardText(member, now));
    setText(cells.phi, isSelf ? 'asked by this page' : judged ? `φ ${member.phi?.toFixed(1) ?? '–'}` : '');
    cells.meter.hidden = !judged;
    cells.meter.value = Math.min(PHI.max, member.phi ?? 0);
    cells.card.title =
      member.round_trip_ms === null ? '' : `round trip ${member.round_trip_ms.toFixed(1)} ms`;
  }
}

function makeCard(id) {
  const name = element('span', 'text', id);
  const status = element('span', 'status');
  const address = element('span', '');
  const heard = element('span', 'heard');
  const phi = element('span', '');
  const meter = element('meter');
  Object.assign(meter, { min: 0, max: PHI.max, low: PHI.suspect, high: PHI.dead, optimum: 0 });
  meter.setAttribute('aria-label', 'suspicion level');
  const card = element(
    'li',
    'node',
    element('div', 'name', element('span', 'dot'), name, status),
    element('div', 'address', address),
    element('div', 'phi', phi, meter, heard),
  );
  return { card, status, address, heard, phi, meter };
}

function heardText(member, now) {
  if (member.last_heard_ms > 0) {
    const age = ageText(now - member.last_heard_ms);
    return age === 'now' ? 'heard now' : `heard ${age} ago`;
  }
  return member.last_evidence_ms > 0 ? 'heard through others' : 'not heard yet';
}
