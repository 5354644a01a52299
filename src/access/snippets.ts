// What to write where, so that a device speaks to this node with its token: ready to be pasted. SPEC rules AC12, TR22.

import type { Device } from './device.ts';

/** Where this node is reached; null where it has no such listener. */
export interface Reached {
  readonly host: string;
  readonly mqttPort: number | null;
  readonly ingestPort: number | null;
  readonly apiPort: number;
  /** By whose certificate it is known over TLS, as PEM; null where it speaks plain. */
  readonly authority: string | null;
}

export interface Snippet {
  /** The program or device it is for. */
  readonly for: string;
  readonly text: string;
}

/** Where the certificate of the site's authority is kept by who trusts it. */
const AUTHORITY_FILE = 'site-ca.pem';

export function snippetsFor({ name, role, publish }: Device, token: string, at: Reached): readonly Snippet[] {
  if (role !== 'device') return readerSnippets(name, role, token, at);
  const topic = exampleOf(publish[0] ?? `${name}/#`);
  return [
    ...authoritySnippets(at),
    ...mqttSnippets(name, token, topic, at),
    ...httpSnippets(name, token, topic, at),
  ];
}

/** What the others trust, where they are run. */
function authoritySnippets({ authority }: Reached): Snippet[] {
  if (authority === null) return [];
  const text = `cat > ${AUTHORITY_FILE} <<'END'\n${authority.trim()}\nEND`;
  return [{ for: `what a device trusts (sensorium ca prints it as well)`, text }];
}

function mqttSnippets(
  name: string,
  token: string,
  topic: string,
  { host, mqttPort, authority }: Reached,
): Snippet[] {
  if (mqttPort === null) return [];
  const trusting = authority === null ? '' : ` --cafile ${AUTHORITY_FILE}`;
  const [build, secure] =
    authority === null ? ['', ''] : [', and a build with TLS that trusts the site', 'SetOption103 1; '];
  return [
    {
      for: 'mosquitto_pub',
      text: `mosquitto_pub${trusting} -h ${host} -p ${mqttPort} -u ${name} -P ${token} -q 1 -t ${topic} -m 21.5`,
    },
    {
      for: `Tasmota (console; needs --publish tele/NAME/# and stat/NAME/#${build})`,
      text: `Backlog ${secure}MqttHost ${host}; MqttPort ${mqttPort}; MqttUser ${name}; MqttPassword ${token}; Topic ${name}`,
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
        ...(authority === null ? [] : ['  certificate_authority: |', ...indented(authority)]),
      ].join('\n'),
    },
  ];
}

function httpSnippets(
  name: string,
  token: string,
  topic: string,
  { host, ingestPort, authority }: Reached,
): Snippet[] {
  if (ingestPort === null) return [];
  const url = `${schemeOf(authority)}://${urlHost(host)}:${ingestPort}`;
  return [
    {
      for: 'curl',
      text: `curl${curlTrust(authority)} -H 'Authorization: Bearer ${token}' -d '{"sensor": "${topic}", "value": 21.5}' ${url}/ingest`,
    },
    {
      for: `Telegraf (series are named by measurement and tags: give rights with --publish, such as ${name}/#)`,
      text: [
        '[[outputs.influxdb_v2]]',
        `  urls = ["${url}"]`,
        `  token = "${token}"`,
        '  organization = "site"',
        '  bucket = "site"',
        ...(authority === null ? [] : [`  tls_ca = "${AUTHORITY_FILE}"`]),
      ].join('\n'),
    },
  ];
}

function readerSnippets(name: string, role: string, token: string, at: Reached): Snippet[] {
  const { host, apiPort, authority } = at;
  const url = `${schemeOf(authority)}://${urlHost(host)}:${apiPort}`;
  const prometheus = [
    'scrape_configs:',
    '  - job_name: sensorium',
    ...(authority === null ? [] : ['    scheme: https', `    tls_config: { ca_file: ${AUTHORITY_FILE} }`]),
    `    authorization: { credentials: ${token} }`,
    `    static_configs: [{ targets: ["${urlHost(host)}:${apiPort}"] }]`,
  ].join('\n');
  const path = role === 'metrics' ? '/metrics' : '/api/v1/latest';
  const curl = `curl${curlTrust(authority)} -H 'Authorization: Bearer ${token}' ${url}${path}`;
  return [
    ...authoritySnippets(at),
    { for: 'curl', text: curl },
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

function schemeOf(authority: string | null): string {
  return authority === null ? 'http' : 'https';
}

function curlTrust(authority: string | null): string {
  return authority === null ? '' : ` --cacert ${AUTHORITY_FILE}`;
}

function indented(pem: string): readonly string[] {
  return pem
    .trim()
    .split('\n')
    .map((line) => `    ${line}`);
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
