// What the OpenAPI document of a node says of its paths, as far as people try them. SPEC rule UI28.

export interface Document {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths: { readonly [path: string]: { readonly get?: Operation } };
}

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema?: ParameterSchema;
  }[];
  readonly responses?: {
    readonly [status: string]: {
      readonly description?: string;
      readonly content?: { readonly [type: string]: unknown };
    };
  };
}

interface ParameterSchema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly example?: unknown;
  readonly description?: string;
}

export interface Parameter {
  readonly name: string;
  readonly isRequired: boolean;
  readonly description: string;
  readonly example: string;
  readonly allowed: readonly string[];
}

export interface Path {
  readonly path: string;
  readonly group: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly Parameter[];
  readonly types: readonly string[];
  /** It goes on until it is stopped. */
  readonly isStream: boolean;
  readonly statuses: readonly { readonly status: string; readonly description: string }[];
}

/** In the order in which they are shown: version 1 first. */
const GROUPS = ['Version 1', 'Earlier paths', 'Operation'];

export function pathsOf(document: Document): Path[] {
  const paths = Object.entries(document.paths).flatMap(([path, { get }]) => (get ? [pathOf(path, get)] : []));
  return paths.sort(
    (a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) || (a.path < b.path ? -1 : 1),
  );
}

function pathOf(
  path: string,
  { summary = '', description = '', parameters = [], responses = {} }: Operation,
): Path {
  const types = Object.keys(responses['200']?.content ?? {});
  const said = responses['200']?.description ?? '';
  return {
    path,
    group: path.startsWith('/api/v1/')
      ? 'Version 1'
      : path.startsWith('/api/')
        ? 'Earlier paths'
        : 'Operation',
    summary,
    description: description || (said === summary ? '' : said),
    parameters: parameters.filter((one) => one.in === 'query').map(parameterOf),
    types,
    isStream: types.includes('text/event-stream'),
    statuses: Object.entries(responses).map(([status, response]) => ({
      status,
      description: response.description ?? '',
    })),
  };
}

function parameterOf(one: NonNullable<Operation['parameters']>[number]): Parameter {
  return {
    name: one.name,
    isRequired: one.required === true,
    description: one.description ?? one.schema?.description ?? '',
    example: one.schema?.example === undefined ? '' : String(one.schema.example),
    allowed: one.schema?.enum ?? [],
  };
}

/** The path with the parameters that are given. */
export function queryOf(path: string, given: { readonly [name: string]: string }): string {
  const query = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== '')).toString();
  return query === '' ? path : `${path}?${query}`;
}
