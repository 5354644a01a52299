// The file that says what to be told of and who is told. All that is wrong in it is told at once, each in one line with its
// place. SPEC rule AL1.

import { Fields, listOf, noneTwice, parseFile } from '../config/fields.ts';
import type { Result } from '../kit/result.ts';
import { SEVERITIES } from '../model/alert.ts';
import { quoted } from '../model/ids.ts';
import { LIMITS } from '../model/limits.ts';
import { parseFilter } from '../model/topic-filter.ts';
import {
  type AlertsConfig,
  type Condition,
  DEFAULT_ALERTS,
  type Rule,
  SILENT,
  type SilentRule,
  type Webhook,
} from './rule.ts';

const NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/;
const NAME_TEXT = '1 to 32 of a-z 0-9 _ - and start with a letter or digit';
const DAY_S = 86_400;
const RULE_FIELDS = ['name', 'match', 'field', 'above', 'clear_below', 'below', 'clear_above', 'equals'];
const CHANGE_FIELDS = ['rises_by', 'falls_by', 'clear_by', 'within_s'];
const TELLING_FIELDS = ['for_s', 'clear_for_s', 'severity', 'text'];
const KINDS = ['above', 'below', 'equals', 'rises_by', 'falls_by'] as const;
const HEADER = /^[A-Za-z0-9-]{1,64}$/;

/** The problem is all problems, a line each. */
export function parseAlertsConfig(text: string): Result<AlertsConfig> {
  return parseFile(text, (root, problems) => {
    root.only(['silent', 'rules', 'webhooks']);
    const { silent, rules, webhooks } = root.all();
    const config = {
      silent: silentOf(silent, problems),
      rules: some(rules, 'rules', LIMITS.alertRulesMax, problems).map(ruleOf),
      webhooks: some(webhooks, 'webhooks', LIMITS.alertTargetsMax, problems).map(webhookOf),
    };
    for (const [what, named] of [['rules', config.rules] as const, ['webhooks', config.webhooks] as const]) {
      const names = named.map(({ name }) => name);
      noneTwice(names, (name) => `two ${what} are called ${quoted(name)}`, problems);
    }
    return config;
  });
}

function some(value: unknown, place: string, max: number, problems: string[]): Fields[] {
  if (value === undefined) return [];
  return listOf(value, place, max, problems).map((one, at) => new Fields(`${place}[${at}]`, one, problems));
}

function silentOf(value: unknown, problems: string[]): SilentRule | null {
  if (value === false) return null;
  const byDefault = DEFAULT_ALERTS.silent;
  if (value === undefined || byDefault === null) return byDefault;
  const fields = new Fields('silent', value, problems);
  fields.only(['match', 'except', 'for_s', 'severity']);
  return {
    match: patternsOf(fields, 'match') ?? byDefault.match,
    except: patternsOf(fields, 'except') ?? byDefault.except,
    severity: fields.word('severity', SEVERITIES, byDefault.severity),
    forMs: msOf(fields, 'for_s', byDefault.forMs / 1_000),
  };
}

function patternsOf(fields: Fields, name: string): readonly string[] | undefined {
  const patterns = fields.texts(name, LIMITS.alertPatternsMax);
  for (const pattern of patterns ?? []) checkPattern(fields, name, pattern);
  return patterns;
}

function checkPattern(fields: Fields, name: string, pattern: string): void {
  const filter = parseFilter(pattern);
  if (!filter.ok) fields.wrong(`${name}: ${filter.problem}`);
  else if (filter.value.share !== null) fields.wrong(`${name}: a pattern is not shared`);
}

function ruleOf(fields: Fields): Rule {
  fields.only([...RULE_FIELDS, ...CHANGE_FIELDS, ...TELLING_FIELDS]);
  const name = fields.text('name', NAME, NAME_TEXT);
  if (name === SILENT) fields.wrong(`the name ${SILENT} is that of the rule that is there by itself`);
  const match = fields.text('match', /^[^$]/, 'a pattern of sensors, such as hall/+/temperature');
  if (match !== '') checkPattern(fields, 'match', match);
  return {
    name,
    match,
    field: fields.text('field', /^\P{Cc}{0,64}$/u, 'the name of a field', ''),
    condition: conditionOf(fields),
    forMs: msOf(fields, 'for_s', 0),
    clearForMs: Math.max(CLEAR_MS_MIN, msOf(fields, 'clear_for_s', CLEAR_MS_MIN / 1_000)),
    severity: fields.word('severity', SEVERITIES, 'warning'),
    text: fields.text('text', /^\P{Cc}{0,200}$/u, 'at most 200 characters', ''),
  };
}

/** So that a value that jumps to and fro tells of itself at most once a second. */
const CLEAR_MS_MIN = 1_000;

function conditionOf(fields: Fields): Condition {
  const given = fields.all();
  const kinds = KINDS.filter((kind) => given[kind] !== undefined);
  if (kinds.length !== 1) {
    fields.wrong(
      `a rule has one of ${KINDS.join(', ')}, got ${kinds.length === 0 ? 'none' : kinds.join(' and ')}`,
    );
  }
  const belongs = { clear_below: 'above', clear_above: 'below', within_s: 'rises_by', clear_by: 'rises_by' };
  for (const [name, kind] of Object.entries(belongs)) {
    const fits = kinds[0] === kind || (kind === 'rises_by' && kinds[0] === 'falls_by');
    if (given[name] !== undefined && !fits) fields.wrong(`${name} belongs to ${kind}`);
  }
  switch (kinds[0]) {
    case 'above': {
      const limit = fields.number('above', 0);
      const clearBelow = fields.number('clear_below', limit);
      if (clearBelow > limit) fields.wrong(`clear_below is at most above, got ${clearBelow}`);
      return { kind: 'above', limit, clearBelow };
    }
    case 'below': {
      const limit = fields.number('below', 0);
      const clearAbove = fields.number('clear_above', limit);
      if (clearAbove < limit) fields.wrong(`clear_above is at least below, got ${clearAbove}`);
      return { kind: 'below', limit, clearAbove };
    }
    case 'rises_by':
      return changeOf(fields, 'rises', 'rises_by');
    case 'falls_by':
      return changeOf(fields, 'falls', 'falls_by');
    default: {
      const { equals: value } = given;
      if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
        return { kind: 'equals', value };
      }
      if (value !== undefined) fields.wrong('equals must be a number, true, false or a text');
      return { kind: 'equals', value: '' };
    }
  }
}

function changeOf(fields: Fields, kind: 'rises' | 'falls', name: string): Condition {
  const by = fields.number(name, 0);
  if (by <= 0) fields.wrong(`${name} must be above 0, got ${by}`);
  const clearBy = fields.number('clear_by', by);
  if (clearBy > by) fields.wrong(`clear_by is at most ${name}, got ${clearBy}`);
  return { kind, by, clearBy, withinMs: fields.whole('within_s', 1, DAY_S) * 1_000 };
}

function webhookOf(fields: Fields): Webhook {
  fields.only(['name', 'url', 'headers', 'timeout_s', 'at_least']);
  const url = fields.text('url', /^https?:\/\/[^\s/]+\S*$/, 'a URL with http or https');
  if (url !== '' && !URL.canParse(url)) fields.wrong('url must be a URL with http or https');
  const { headers = {} } = fields.all();
  const pairs = typeof headers === 'object' && headers !== null ? Object.entries(headers) : null;
  const isRight = pairs?.every(
    ([name, text]) => HEADER.test(name) && /^[\x20-\x7e]{0,4096}$/.test(String(text)),
  );
  if (!isRight) fields.wrong('headers must be an object of header names and their texts');
  return {
    name: fields.text('name', NAME, NAME_TEXT),
    url,
    headers: Object.fromEntries((pairs ?? []).map(([name, text]) => [name, String(text)])),
    timeoutMs: fields.whole('timeout_s', 1, 60, 10) * 1_000,
    atLeast: fields.word('at_least', SEVERITIES, 'info'),
  };
}

function msOf(fields: Fields, name: string, byDefault: number): number {
  const seconds = fields.number(name, byDefault);
  if (seconds < 0 || seconds > DAY_S) fields.wrong(`${name} must be from 0 to ${DAY_S}, got ${seconds}`);
  return Math.round(seconds * 1_000);
}
