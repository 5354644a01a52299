import { expect, test } from 'vitest';
import { credentialsOfHttp, credentialsOfMqtt } from './credentials.ts';
import { drawToken, idOfToken, isTokenOf } from './token.ts';

const NONE = new URLSearchParams();
const { id, text: token } = drawToken();

test.each([
  [`Bearer ${token}`, null],
  [`bearer  ${token}`, null],
  [`Token ${token}`, null],
  [`Token bed1:${token}`, 'bed1'],
  [`Basic ${Buffer.from(`bed1:${token}`).toString('base64')}`, 'bed1'],
  [`Basic ${Buffer.from(`:${token}`).toString('base64')}`, null],
])('[AC3] a token is found in an Authorization header of any style (%#)', (header, name) => {
  expect(credentialsOfHttp(header, NONE)).toEqual({ id, token, name });
});

test('[AC3] InfluxDB 1 gives user and password in the query, MQTT in its CONNECT, or the token as the only name', () => {
  expect(credentialsOfHttp(undefined, new URLSearchParams({ u: 'bed1', p: token }))?.name).toBe('bed1');
  expect(credentialsOfMqtt('bed1', Buffer.from(token))).toEqual({ id, token, name: 'bed1' });
  expect(credentialsOfMqtt(token, null)).toEqual({ id, token, name: null });
});

test('[AC3] what is no token of Sensorium counts as none', () => {
  const others = [
    'Bearer x',
    'Bearer',
    `Digest ${token}`,
    'Token admin:admin',
    'Basic %%%',
    `Bearer ${token}x`,
  ];

  expect(others.map((header) => credentialsOfHttp(header, NONE))).toEqual(others.map(() => null));
  expect(credentialsOfHttp(undefined, NONE)).toBeNull();
  expect(credentialsOfMqtt('homeassistant', Buffer.from('secret'))).toBeNull();
  expect(credentialsOfMqtt(null, null)).toBeNull();
});

test('[AC2] a token has 256 random bits beside its id, and its hash is of it alone', () => {
  const other = drawToken();

  expect(token.slice(`sen_${id}_`.length)).toHaveLength(43);
  expect(other.text).not.toBe(token);
  expect(idOfToken(other.text)).toBe(other.id);
  expect([isTokenOf(other.text, other.hash), isTokenOf(token, other.hash), isTokenOf(token, '')]).toEqual([
    true,
    false,
    false,
  ]);
});
