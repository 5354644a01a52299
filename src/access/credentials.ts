// How clients say who they are: `Authorization` as Bearer, Token (InfluxDB 2) or Basic, the parameters u and p of InfluxDB
// 1, and MQTT's username and password. What is no token of ours counts as nothing: programs send a token because they must,
// also where nobody asks for one. SPEC rules AC2, AC3.

import { idOfToken, type TokenId } from './token.ts';

export interface Credentials {
  readonly id: TokenId;
  readonly token: string;
  /** The user's name, where one came with it. */
  readonly name: string | null;
}

const SCHEME = /^(bearer|token|basic) +(\S+) *$/i;
const HEADER_MAX = 1_024;

export function credentialsOfHttp(
  authorization: string | undefined,
  query: URLSearchParams,
): Credentials | null {
  if (authorization === undefined) return credentialsOf(query.get('u'), query.get('p') ?? '');
  const [, scheme = '', text = ''] = SCHEME.exec(authorization.slice(0, HEADER_MAX)) ?? [];
  const said = scheme.toLowerCase() === 'basic' ? Buffer.from(text, 'base64').toString('utf8') : text;
  // Clients of InfluxDB 1 say `Token user:password` to version 2.
  const colon = said.indexOf(':');
  return colon < 0 ? credentialsOf(null, said) : credentialsOf(said.slice(0, colon), said.slice(colon + 1));
}

/** A device that can give a name alone gives its token as that. */
export function credentialsOfMqtt(username: string | null, password: Buffer | null): Credentials | null {
  const name = username ?? '';
  if (password === null || password.length === 0) return credentialsOf(null, name);
  return credentialsOf(name, password.toString('utf8', 0, HEADER_MAX));
}

function credentialsOf(name: string | null, token: string): Credentials | null {
  const id = idOfToken(token);
  return id === null ? null : { id, token, name: name === '' ? null : name };
}
