import { expect, test } from 'vitest';
import { parseAlertsConfig } from './alerts-config.ts';
import { DEFAULT_ALERTS } from './rule.ts';

test('[AL1] a file says what to be told of and who is told', () => {
  const config = parseAlertsConfig(
    JSON.stringify({
      silent: { except: ['door/#'], for_s: 30 },
      rules: [
        { name: 'too-hot', match: 'hall/+/temperature', above: 80, clear_below: 75, for_s: 10 },
        { name: 'rising', match: 'tank/#', field: 'level', rises_by: 5, within_s: 60, severity: 'critical' },
        { name: 'off', match: 'pump', equals: false, text: 'The pump is off' },
      ],
      webhooks: [{ name: 'ops', url: 'https://example.org/hook', headers: { Authorization: 'Bearer x' } }],
    }),
  );

  expect(config).toMatchObject({
    ok: true,
    value: {
      silent: { match: ['#'], except: ['door/#'], severity: 'warning', forMs: 30_000 },
      rules: [
        { condition: { kind: 'above', limit: 80, clearBelow: 75 }, forMs: 10_000, clearForMs: 1_000 },
        { condition: { kind: 'rises', by: 5, clearBy: 5, withinMs: 60_000 }, field: 'level' },
        { condition: { kind: 'equals', value: false }, text: 'The pump is off' },
      ],
      webhooks: [{ name: 'ops', timeoutMs: 10_000, atLeast: 'info', headers: { Authorization: 'Bearer x' } }],
    },
  });
});

test('[AL1] [AL2] a file that says nothing leaves silence to be noticed, unless it is told not to', () => {
  expect(parseAlertsConfig('{}')).toEqual({ ok: true, value: DEFAULT_ALERTS });
  expect(parseAlertsConfig('{"silent": false}')).toMatchObject({ ok: true, value: { silent: null } });
});

test.each([
  ['{', 'is not JSON: '],
  ['{"rule": []}', 'the field "rule" is not known; it has silent, rules, webhooks'],
  ['{"rules": [{"name": "a", "match": "#"}]}', 'a rule has one of above, below, equals, rises_by, falls_by'],
  ['{"rules": [{"name": "a", "match": "#", "above": 1, "below": 2}]}', 'got above and below'],
  [
    '{"rules": [{"name": "a", "match": "a/#/b", "above": 1}]}',
    'rules[0]: match: + stands for one whole level',
  ],
  ['{"rules": [{"name": "silent", "match": "#", "above": 1}]}', 'the name silent is that of the rule'],
  ['{"rules": [{"name": "a", "match": "#", "above": 1, "clear_below": 2}]}', 'clear_below is at most above'],
  ['{"rules": [{"name": "a", "match": "#", "below": 1, "within_s": 2}]}', 'within_s belongs to rises_by'],
  ['{"rules": [{"name": "a", "match": "#", "falls_by": 1}]}', 'within_s must be a whole number from 1'],
  ['{"rules": [{"name": "a", "match": "#", "above": "hot"}]}', 'above must be a number, got "hot"'],
  ['{"rules": [{"name": "a", "match": "$sensorium/#", "above": 1}]}', 'match must be a pattern of sensors'],
  ['{"webhooks": [{"name": "a", "url": "ftp://x"}]}', 'url must be a URL with http or https'],
  ['{"webhooks": [{"name": "a", "url": "http://x", "headers": {"a b": "c"}}]}', 'headers must be an object'],
])('[AL1] %s is refused with what is allowed', (text, why) => {
  const config = parseAlertsConfig(text);

  expect(config.ok ? '' : config.problem).toContain(why);
});

test('[AL1] all that is wrong is told at once, with its place', () => {
  const rule = { name: 'a', match: '#', above: 1 };

  const config = parseAlertsConfig(
    JSON.stringify({ rules: [rule, { ...rule, above: 'x' }, { match: '#' }] }),
  );

  expect(config.ok ? [] : config.problem.split('\n')).toEqual([
    'rules[1]: above must be a number, got "x"',
    expect.stringContaining('rules[2]: name must be'),
    expect.stringContaining('rules[2]: a rule has one of'),
    'two rules are called "a"',
  ]);
});
