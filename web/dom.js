// Elements and words. Whatever comes from outside becomes text, never markup.

export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

export function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** Touches the page only when there is something to change. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

export function setFlag(target, name, value) {
  if (value === null || value === false) target.removeAttribute(name);
  else if (target.getAttribute(name) !== String(value)) target.setAttribute(name, String(value));
}

export function ageText(ms) {
  if (!Number.isFinite(ms)) return 'never';
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 1) return 'now';
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 3, useGrouping: false });
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export function numberText(number) {
  const size = Math.abs(number);
  if (size !== 0 && (size < 0.001 || size >= 1e9)) return number.toExponential(3);
  return plain.format(number);
}

export function scalarText(value) {
  return typeof value === 'number' ? numberText(value) : String(value);
}

export function timeText(ms) {
  return time.format(ms);
}

/** UCUM codes that people write otherwise. */
const UNITS = {
  Cel: '°C',
  '[degF]': '°F',
  K: 'K',
  '%': '%',
  deg: '°',
  um: 'µm',
  'ug/m3': 'µg/m³',
  'm/s2': 'm/s²',
  m3: 'm³',
};

export function unitText(unit) {
  return Object.hasOwn(UNITS, unit) ? UNITS[unit] : unit;
}
