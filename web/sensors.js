// The table of sensors. Rows are made once and written in place, at most once a frame, so that a thousand busy
// sensors stay readable; trends are drawn only where somebody can see them.

import { ageText, byId, element, scalarText, setFlag, setText, unitText } from './dom.js';

const ROWS_MAX = 1000;
const POINTS = 40;
const STALE_PERIODS = 3;
const STALE_MS = 300_000;
/** Above it nothing glows when it changes: everything would, all the time. */
const GLOWING_ROWS_MAX = 100;
const SVG = 'http://www.w3.org/2000/svg';
const order = new Intl.Collator('en', { numeric: true });

export class Sensors {
  #sensors = new Map();
  #dirty = new Set();
  #gone = new Set();
  #needle = '';
  #relist = true;
  #frame = 0;
  #rows = byId('rows');
  #note = byId('rows-note');
  #watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const sensor = this.#sensors.get(target.dataset.sensor);
      if (!sensor) continue;
      sensor.seen = isIntersecting;
      if (isIntersecting) this.#touch(sensor);
    }
  });
  changes = 0;

  get count() {
    return this.#sensors.size;
  }

  get stale() {
    let stale = 0;
    for (const sensor of this.#sensors.values()) if (this.#isStale(sensor)) stale++;
    return stale;
  }

  filter(text) {
    this.#needle = text.trim().toLowerCase();
    this.#relist = true;
    this.#plan();
  }

  /** Origins whose readings will not be renewed. */
  setGone(origins) {
    this.#gone = origins;
  }

  replace(rows) {
    const kept = new Set(rows.map((row) => row.sensor));
    for (const name of this.#sensors.keys()) if (!kept.has(name)) this.forget(name);
    for (const row of rows) this.#put(row);
  }

  update(row) {
    this.changes++;
    this.#put(row);
    this.#sensors.get(row.sensor).fresh = true;
  }

  forget(name) {
    const sensor = this.#sensors.get(name);
    if (!sensor) return;
    if (sensor.cells) this.#watch.unobserve(sensor.cells.row);
    this.#sensors.delete(name);
    this.#dirty.delete(sensor);
    this.#relist = true;
    this.#plan();
  }

  /** Ages go on without readings. */
  tick() {
    for (const row of this.#rows.children) {
      const sensor = this.#sensors.get(row.dataset.sensor);
      if (sensor) this.#writeAge(sensor);
    }
  }

  #put(row) {
    let sensor = this.#sensors.get(row.sensor);
    // Everything is read anew after a change of nodes; what is known by then is no further point.
    const isNews = !sensor || sensor.row.n !== row.n || sensor.row.ts_ms !== row.ts_ms;
    if (!sensor) {
      sensor = { row, at: 0, points: [], cells: null, seen: false, fresh: false };
      this.#sensors.set(row.sensor, sensor);
      this.#relist = true;
    }
    sensor.row = row;
    // The node's clock and the browser's may differ, so the age counts from when the row arrived.
    sensor.at = performance.now() - row.age_ms;
    if (isNews && typeof row.value === 'number') {
      sensor.points.push(row.value);
      if (sensor.points.length > POINTS) sensor.points.shift();
    }
    this.#touch(sensor);
  }

  #touch(sensor) {
    this.#dirty.add(sensor);
    this.#plan();
  }

  #plan() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#relist) this.#list();
      for (const sensor of this.#dirty) if (sensor.cells) this.#write(sensor);
      this.#dirty.clear();
    });
  }

  #list() {
    this.#relist = false;
    const all = [...this.#sensors.values()].filter((sensor) => this.#isWanted(sensor));
    all.sort((a, b) => order.compare(a.row.sensor, b.row.sensor));
    const shown = all.slice(0, ROWS_MAX);
    for (const sensor of shown) {
      if (sensor.cells) continue;
      sensor.cells = makeCells(sensor.row.sensor);
      this.#watch.observe(sensor.cells.row);
      this.#dirty.add(sensor);
    }
    this.#rows.replaceChildren(...shown.map((sensor) => sensor.cells.row));
    setText(this.#note, this.#noteText(shown.length, all.length));
    this.#note.hidden = this.#note.textContent === '';
  }

  #noteText(shown, wanted) {
    if (this.#sensors.size === 0) return 'Waiting for the first readings.';
    if (wanted === 0) return 'No sensor matches the filter.';
    return shown < wanted ? `${shown} of ${wanted} are shown; the filter finds the others.` : '';
  }

  #isWanted({ row }) {
    const { sensor, origin, unit } = row;
    return this.#needle === '' || `${sensor}\n${origin}\n${unit}`.toLowerCase().includes(this.#needle);
  }

  #isStale({ row, at }) {
    const limit = row.period_ms > 0 ? row.period_ms * STALE_PERIODS : STALE_MS;
    return performance.now() - at > limit || this.#gone.has(row.origin);
  }

  #write(sensor) {
    const { row, cells } = sensor;
    writeValue(cells, row);
    setText(cells.origin, row.origin);
    cells.origin.title = row.origin;
    const flags = row.flags.join(' ');
    if (cells.flags.dataset.flags !== flags) {
      cells.flags.dataset.flags = flags;
      cells.flags.replaceChildren(...row.flags.map(flagBadge));
    }
    if (sensor.fresh) {
      sensor.fresh = false;
      cells.row.classList.remove('fresh');
      const glows = sensor.seen && this.#rows.children.length <= GLOWING_ROWS_MAX;
      if (glows) requestAnimationFrame(() => cells.row.classList.add('fresh'));
    }
    if (sensor.seen && sensor.points.length > 1) cells.line.setAttribute('points', pointsText(sensor.points));
    this.#writeAge(sensor);
  }

  #writeAge(sensor) {
    setText(sensor.cells.age, ageText(performance.now() - sensor.at));
    setFlag(sensor.cells.row, 'data-stale', this.#isStale(sensor) ? 'yes' : null);
  }
}

function makeCells(name) {
  const text = element('span', 'text', name);
  const flags = element('span', '');
  const number = element('b');
  const unit = element('span', 'unit');
  const line = document.createElementNS(SVG, 'polyline');
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 96 22');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(line);
  const value = element('td', 'value', number, unit);
  const origin = element('td', 'origin');
  const age = element('td', 'age');
  const row = element(
    'tr',
    '',
    element('td', 'sensor', text, flags),
    value,
    element('td', 'trend', svg),
    origin,
    age,
  );
  row.dataset.sensor = name;
  return { row, flags, value, number, unit, line, origin, age };
}

function writeValue(cells, { value, unit }) {
  if (typeof value !== 'object') {
    if (!cells.number.isConnected || cells.value.firstChild !== cells.number) {
      cells.value.replaceChildren(cells.number, cells.unit);
    }
    setText(cells.number, scalarText(value));
    setText(cells.unit, unitText(unit));
    return;
  }
  const fields = Object.entries(value).map(([name, scalar]) =>
    element('span', 'field', element('span', '', name), element('b', '', scalarText(scalar))),
  );
  cells.value.replaceChildren(...fields);
}

const FLAGS = { clock: "the device's clock runs ahead", collision: 'several nodes have readings of it' };

function flagBadge(flag) {
  const badge = element('span', 'flag', flag);
  badge.title = FLAGS[flag] ?? '';
  return badge;
}

function pointsText(points) {
  const low = Math.min(...points);
  const span = Math.max(...points) - low || 1;
  const step = 92 / (POINTS - 1);
  const left = 94 - step * (points.length - 1);
  return points
    .map((y, i) => `${(left + i * step).toFixed(1)},${(19 - ((y - low) / span) * 16).toFixed(1)}`)
    .join(' ');
}
