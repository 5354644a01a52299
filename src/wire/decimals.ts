// Most of what sensors say was a short decimal once: 21.53 is a double of eight bytes or the number 2153 with
// two places, two bytes. Only an exact way back counts: a division of two exactly known numbers is correctly
// rounded (IEEE 754), so `round(v * 10^p) / 10^p === v` proves that nothing is lost. Up to 10^22 the powers of
// ten are exact doubles.

export const PLACES_MAX = 11;

const TENS: readonly number[] = Array.from({ length: PLACES_MAX + 1 }, (_, places) => Number(`1e${places}`));

/** Above this the eight bytes of a double are as short. */
const WHOLE_MAX = 2 ** 47;

/** Sensors rarely give more. Before any further are tried, one look tells whether there is a use in it. */
const PLACES_COMMON = 3;

/** Below this what has fewer places can also be written with 11, so that failing there says there are none. */
const TELLING_BELOW = 20_000;

/** The fewest decimal places that give exactly this number, or -1 where it is shorter as a double. */
export function decimalPlaces(value: number): number {
  if (Number.isInteger(value)) return Math.abs(value) < WHOLE_MAX && !Object.is(value, -0) ? 0 : -1;
  for (let places = 1; places <= PLACES_MAX; places++) {
    if (Math.abs(value) * tens(places) >= WHOLE_MAX) return -1;
    if (isExact(value, places)) return places;
    const isTelling = places === PLACES_COMMON && Math.abs(value) < TELLING_BELOW;
    if (isTelling && !isExact(value, PLACES_MAX)) return -1;
  }
  return -1;
}

export function scaledUp(value: number, places: number): number {
  return Math.round(value * tens(places));
}

export function scaledDown(whole: number, places: number): number {
  return places === 0 ? whole : whole / tens(places);
}

/** The same number with more places, or NaN where that is too long. */
export function withPlaces(whole: number, places: number, more: number): number {
  const raised = whole * tens(more - places);
  return Math.abs(raised) < WHOLE_MAX ? raised : Number.NaN;
}

function isExact(value: number, places: number): boolean {
  const whole = scaledUp(value, places);
  return whole !== 0 && whole / tens(places) === value;
}

function tens(places: number): number {
  return TENS[places] as number;
}
