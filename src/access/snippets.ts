// What to write where, so that a device speaks to this node with its token: ready to be pasted. SPEC rule AC12.

import type { Device } from './device.ts';

/** Where this node is reached; null where it has no such listener. */
export interface Reached {
  readonly host: string;
  readonly mqttPort: number | null;
  readonly ingestPort: number | null;
  readonly apiPort: number;
}

export interface Snippet {
  /** The program or device it is for. */
  readonly for: string;
  readonly text: string;
}

export function snippetsFor({ name, role, publish }: Device, token: string, at: Reached): readonly Snippet[] {
  if (role !== 'device') return readerSnippets(name, role, token, at);
  const topic = exampleOf(publish[0] ?? `${name}/#`);
  return [...mqttSnippets(name, token, topic, at), ...httpSnippets(name, token, topic, at)];
}

function mqttSnippets(name: string, token: string, topic: string, { host, mqttPort }: Reached): Snippet[] {
  if (mqttPort === null) return [];
  return [
    {
      for: 'mosquitto_pub',
      text: `mosquitto_pub -h ${host} -p ${mqttPort} -u ${name} -P ${token} -q 1 -t ${topic} -m 21.5`,
    },
    {
      for: 'Tasmota (console; needs --publish tele/NAME/# and stat/NAME/#)',
      text: `Backlog MqttHost ${host}; MqttPort ${mqttPort}; MqttUser ${name}; MqttPassword ${token}; Topic ${name}`,
    },
    {
      for: 'ESPHome',
      text: [
        'mqtt:',
        `  broker: ${host}`,
        `  port: ${mqttPort}`,
        `  username: ${name}`,
        `  password: ${token}`,
        `  topic_prefix: ${name}`,
        '  discovery: false',
      ].join('\n'),
    },
  ];
}

function httpSnippets(name: string, token: string, topic: string, { host, ingestPort }: Reached): Snippet[] {
  if (ingestPort === null) return [];
  const url = `http://${urlHost(host)}:${ingestPort}`;
  return [
    {
      for: 'curl',
      text: `curl -H 'Authorization: Bearer ${token}' -d '{"sensor": "${topic}", "value": 21.5}' ${url}/ingest`,
    },
    {
      for: `Telegraf (series are named by measurement and tags: give rights with --publish, such as ${name}/#)`,
      text: [
        '[[outputs.influxdb_v2]]',
        `  urls = ["${url}"]`,
        `  token = "${token}"`,
        '  organization = "site"',
        '  bucket = "site"',
      ].join('\n'),
    },
  ];
}

function readerSnippets(name: string, role: string, token: string, { host, apiPort }: Reached): Snippet[] {
  const url = `http://${urlHost(host)}:${apiPort}`;
  const prometheus = [
    'scrape_configs:',
    '  - job_name: sensorium',
    `    authorization: { credentials: ${token} }`,
    `    static_configs: [{ targets: ["${urlHost(host)}:${apiPort}"] }]`,
  ].join('\n');
  const path = role === 'metrics' ? '/metrics' : '/api/v1/latest';
  return [
    { for: 'curl', text: `curl -H 'Authorization: Bearer ${token}' ${url}${path}` },
    ...(role === 'reader' ? [{ for: `a browser (user ${name}, password the token)`, text: `${url}/` }] : []),
    { for: 'Prometheus', text: prometheus },
  ];
}

/** A topic that a pattern takes in. */
function exampleOf(pattern: string): string {
  return pattern
    .split('/')
    .map((level) => (level === '#' || level === '+' ? 'temperature' : level))
    .join('/');
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
