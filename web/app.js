// The page's first noun: it wires the link to a node with what is shown.

import { byId, setFlag, setText, timeText } from './dom.js';
import { Events } from './events.js';
import { Link, TIMING } from './link.js';
import { Nodes } from './nodes.js';
import { Sensors } from './sensors.js';

const sensors = new Sensors();
const nodes = new Nodes();
const events = new Events();
let self = null;

const shown = {
  hello({ node, site, version }) {
    self = node;
    setText(byId('site'), site);
    setText(byId('version'), `Sensorium ${version}`);
    document.title = `${site} · ${node} · Sensorium`;
  },
  all(rows, past) {
    sensors.replace(rows);
    events.replace(past);
    showFigures();
  },
  reading: (row) => sensors.update(row),
  forgotten: (sensor) => sensors.forget(sensor),
  fact: (event) => events.add(event),
  members(members) {
    nodes.show(members, self);
    sensors.setGone(new Set(members.filter(isGone).map((member) => member.id)));
    const alive = members.filter((member) => member.status === 'alive').length;
    const figure = byId('figure-nodes');
    figure.replaceChildren(String(alive), small(` of ${members.length}`));
    setFlag(figure, 'data-state', alive < members.length ? 'warn' : null);
  },
  state: showLink,
};
const link = new Link(shown, TIMING);

function showLink(name, { node, since, home }) {
  const pill = byId('link');
  document.body.dataset.link = name === 'live' ? 'live' : 'lost';
  if (name === 'live') {
    setFlag(pill, 'data-state', 'good');
    setText(byId('link-text'), `Live from ${node}`);
    notice(node === home ? null : `${home} does not answer. This page goes on with ${node}.`, 'warn');
    return;
  }
  setFlag(pill, 'data-state', name === 'alone' ? 'bad' : 'warn');
  setText(byId('link-text'), node === null ? 'Connecting' : `${node} does not answer`);
  if (name === 'waiting' || node === null) return;
  const lost = `${node} has not answered since ${timeText(since)}.`;
  if (name === 'searching') notice(`${lost} Looking for another node …`, 'warn');
  else notice(`${lost} No other node that this page knows of answers either. It keeps trying.`, 'bad');
}

function notice(text, state) {
  const line = byId('notice');
  line.hidden = text === null;
  setText(line, text ?? '');
  setFlag(line, 'data-state', state);
}

const RATE_WINDOW = 5;
const counts = [];

function showFigures() {
  setText(byId('figure-sensors'), String(sensors.count));
  const stale = sensors.stale;
  setText(byId('figure-stale'), String(stale));
  setFlag(byId('figure-stale'), 'data-state', stale > 0 ? 'warn' : null);
  const oldest = counts[0] ?? 0;
  const rate = counts.length > 1 ? (sensors.changes - oldest) / (counts.length - 1) : 0;
  setText(byId('figure-rate'), rate >= 10 ? rate.toFixed(0) : rate.toFixed(1));
}

function small(text) {
  const made = document.createElement('small');
  made.textContent = text;
  return made;
}

function isGone(member) {
  return member.status === 'dead' || member.status === 'left';
}

setInterval(() => {
  if (document.hidden) return;
  counts.push(sensors.changes);
  if (counts.length > RATE_WINDOW + 1) counts.shift();
  sensors.tick();
  showFigures();
}, 1000);

const filter = byId('filter');
filter.addEventListener('input', () => sensors.filter(filter.value));
document.addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLInputElement;
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    filter.focus();
  } else if (event.key === 'Escape' && event.target === filter) {
    filter.value = '';
    sensors.filter('');
    filter.blur();
  }
});

link.start('');
