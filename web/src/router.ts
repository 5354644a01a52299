// Where in the pages a person is: `#/sensors?q=bed1`, `#/sensor/bed1%2Ftemperature`. The whole state of a view that is
// worth a link stands there, so that going back and a bookmark work.

import { signal } from '@preact/signals';

export interface Route {
  readonly page: string;
  /** What the page is of: a sensor, a node. */
  readonly arg: string;
  readonly params: { readonly [name: string]: string };
}

export const route = signal<Route>(parse(location.hash));

export function startRouter(): void {
  addEventListener('hashchange', () => {
    route.value = parse(location.hash);
  });
}

export function href(page: string, arg = '', params: Route['params'] = {}): string {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== '')).toString();
  return `#/${page}${arg === '' ? '' : `/${encodeURIComponent(arg)}`}${query === '' ? '' : `?${query}`}`;
}

/** The same page with other parameters; leaves no step to go back to. */
export function setParams(params: Route['params']): void {
  const { page, arg } = route.value;
  history.replaceState(null, '', href(page, arg, { ...route.value.params, ...params }));
  route.value = parse(location.hash);
}

function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const [page = '', arg = ''] = path.split('/');
  return { page, arg: decoded(arg), params: Object.fromEntries(new URLSearchParams(query)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
