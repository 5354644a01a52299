import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadOn } from './load.ts';
import { run } from './run.ts';
import { Site } from './site.ts';
import type { SiteNode } from './site-node.ts';
import { until } from './until.ts';

const IDS = ['ann', 'bob', 'cat'];

interface View {
  readonly group: string | null;
  readonly leader: string | null;
  readonly quorum: boolean;
  readonly watermark: number;
  readonly outbox: number;
}

describe('three nodes with one history', () => {
  const site = new Site();
  let nodes: SiteNode[];
  beforeAll(async () => {
    nodes = await site.startAll(IDS, { EXPECT_NODES: '3' });
    await agreed(nodes);
  });
  afterAll(() => site.stop());

  test('[IN6] committed is answered at every node, and the reading is in the log of all of them', async () => {
    for (const [value, node] of nodes.entries()) {
      const answer = await postCommitted(node, { sensor: 'hall/temperature', value, unit: 'Cel' });
      expect(answer).toMatchObject({ status: 200, ack: 'committed' });
    }
    await agreed(nodes);

    const pages = await until(
      'all have delivered it',
      () => Promise.all(nodes.map((node) => node.get<LogPage>('/api/v1/log'))),
      (all) => all.every(({ readings, watermark }) => readings.length === 3 && watermark === 3),
    );

    expect(pages[0]?.readings.filter(({ sensor }) => sensor === 'hall/temperature')).toHaveLength(3);
    expect(pages[0]?.readings.every(({ unit }) => unit === 'Cel')).toBe(true);
    expect(pages[1]).toEqual(pages[0]);
    expect(pages[2]).toEqual(pages[0]);
  });

  test('[HI5] all killed at once under load, again and again, the histories and the files are equal', async () => {
    for (let round = 0; round < 3; round++) {
      const loads = nodes.map((node) => loadOn(node, `${node.id}-${round}`, 2, 5));
      await until(
        'each took some',
        () => Math.min(...loads.map(({ answered }) => answered.size)),
        (least) => least >= 30,
      );
      await Promise.all(nodes.map((node) => node.kill()));
      await Promise.all(loads.map(({ ended }) => ended));
      nodes = await site.startAll(IDS, { EXPECT_NODES: '3' });
    }
    await agreed(nodes);

    const verified = await verify(nodes[0] as SiteNode, site.directory);

    expect(verified.err).toBe('');
    expect(verified.code).toBe(0);
    const { nodes: checked } = JSON.parse(verified.out) as { nodes: { csv: string; sha256: string }[] };
    expect(checked.map(({ csv }) => csv)).toEqual(Array(3).fill('equal to the log'));
    expect(new Set(IDS.map((id) => csvDigest(site.directoryOf(id)))).size).toBe(1);
  });

  test('[CL13] verify finds a row that was changed, one that was lost and one that stands twice', async () => {
    const [ann] = nodes as [SiteNode];
    const directory = site.directoryOf('bob');
    const [changed = '', lost = '', doubled = ''] = readdirSync(directory).filter((name) =>
      name.endsWith('.csv'),
    );
    edit(directory, changed, (lines) => lines.with(1, (lines[1] ?? '').replace('Z,', 'Y,')));
    edit(directory, lost, (lines) => lines.toSpliced(1, 1));
    edit(directory, doubled, (lines) => [...lines, lines.at(-1) ?? '']);

    const verified = await verify(ann, site.directory);

    expect(verified.code).toBe(1);
    expect(verified.err).toContain('the history is not what it must be');
    const { nodes: checked } = JSON.parse(verified.out) as { nodes: { csv: string; problems: string[] }[] };
    expect(checked.map(({ csv }) => csv)).toEqual(['equal to the log', 'different', 'equal to the log']);
    const problems = checked[1]?.problems.join('\n') ?? '';
    expect(problems).toContain(`${changed}: `);
    expect(problems).toContain('is in no file');
    expect(problems).toContain(`${doubled}: `);
  });

  test('[CL12] the lead is handed over, and what cannot be done is refused with the reason', async () => {
    const socketOf = (id: string): string[] => ['--data-dir', site.directory, '--node-id', id];

    // A leader may go to a higher node by itself just then, and a disk may take longer than a transfer may.
    const done = await until(
      'the lead is handed over',
      async () => {
        const from = (await agreed(nodes)).leader ?? '';
        const to = IDS.find((id) => id !== from) ?? '';
        return { from, to, ...(await run(['order', 'transfer', to, ...socketOf(from)])) };
      },
      ({ code }) => code === 0,
    );
    const after = await agreed(nodes);
    const refused = await run(['order', 'transfer', 'nobody', ...socketOf(done.from)]);

    expect(done.out).toBe('done\n');
    expect(after.leader).toBe(done.to);
    expect(refused.code).toBe(1);
    expect(refused.err.trim().split('\n')).toHaveLength(1);
  });

  test('[CL10] [CL11] log and view show the order, as text, JSON lines or CSV', async () => {
    const [ann] = nodes as [SiteNode];
    const { watermark } = await agreed(nodes);
    const at = ['--node', ann.url(), '--from', String(watermark)];

    const [text, json, csv, view] = await Promise.all([
      run(['log', ...at]),
      run(['log', ...at, '--json']),
      run(['log', ...at, '--csv']),
      run(['view', '--node', ann.url()]),
    ]);

    expect(text?.out).toMatch(new RegExp(`^${watermark}  \\d{4}-`));
    expect(JSON.parse(json?.out ?? '')).toMatchObject({ sequence: watermark });
    expect(csv?.out).toMatch(new RegExp(`^sequence,timestamp,.*\n${watermark},\\d{4}-.*\n$`));
    expect(view?.out).toContain(`watermark  ${watermark}`);
    expect([text, json, csv, view].map((ran) => ran?.code)).toEqual([0, 0, 0, 0]);
  });

  test('[AP22] a stream that is cut off is resumed at another node without a gap or a double', async () => {
    const [ann, bob] = nodes as [SiteNode, SiteNode];
    const { group, watermark } = await agreed(nodes);
    const seen: number[] = [];
    let id = `${group}:${watermark}`;
    for (let hop = 0; hop < 6; hop++) {
      await postCommitted(hop % 2 === 0 ? bob : ann, [
        { sensor: 'hop', value: hop },
        { sensor: 'hop', value: hop + 0.5 },
      ]);
      id = await readOne(hop % 2 === 0 ? ann : bob, id, seen);
    }

    expect(seen).toEqual(Array.from({ length: 12 }, (_, i) => watermark + 1 + i));
  });

  test('[HO11] a leader that is stopped hands over first, and the order goes on at once', async () => {
    const { leader } = await agreed(nodes);
    const stopped = nodes.find(({ id }) => id === leader) as SiteNode;
    const [other, another] = nodes.filter(({ id }) => id !== leader) as [SiteNode, SiteNode];

    const code = await stopped.kill('SIGTERM');
    const answer = await postCommitted(other, { sensor: 'goes/on', value: 1 });
    const events = JSON.stringify(await another.get('/api/introspection/events'));

    expect(code).toBe(0);
    expect(answer).toMatchObject({ status: 200, ack: 'committed' });
    expect(events).toMatch(/"how":"transfer"/);
    nodes = [other, another, await site.start(stopped.id, IDS, { EXPECT_NODES: '3' })];
    nodes.sort((a, b) => (a.id < b.id ? -1 : 1));
    await agreed(nodes);
  });

  test('[IN6] without a quorum stored is answered at once with 503, and what it stored is committed later', async () => {
    const [ann, bob, cat] = nodes as [SiteNode, SiteNode, SiteNode];
    await Promise.all([bob.kill(), cat.kill()]);
    await until(
      'ann is alone',
      () => ann.get<View>('/api/v1/view'),
      ({ quorum }) => !quorum,
    );

    const startMs = performance.now();
    const alone = await postCommitted(ann, { sensor: 'alone', value: 1 });
    const tookMs = performance.now() - startMs;
    nodes = [
      ann,
      ...(await Promise.all(['bob', 'cat'].map((id) => site.start(id, IDS, { EXPECT_NODES: '3' })))),
    ];
    await agreed(nodes);

    expect(alone).toMatchObject({ status: 503, retryAfter: '1', accepted: 1, ack: 'stored' });
    expect(tookMs).toBeLessThan(2_000);
    const rows = await until(
      'another node shows it as committed',
      async () => (await nodes[1]?.get<{ commit: string }[]>('/api/v1/latest?match=alone')) ?? [],
      ([row]) => row?.commit === 'committed',
    );
    expect(rows).toMatchObject([{ commit: 'committed' }]);
  });
});

test('[CL14] a drill takes the leader away and finds every reading again', async () => {
  const ran = await run(['drill', 'kill-leader', '--json']);

  expect(ran.err).toBe('');
  const report = JSON.parse(ran.out) as { [name: string]: unknown };
  expect(report).toMatchObject({ drill: 'kill-leader', lost: 0, doubled: 0, equal: true });
  expect(report.committed).toBeGreaterThan(20);
  expect(report.leader_after).not.toBe('');
});

interface LogPage {
  readonly watermark: number;
  readonly readings: readonly { readonly sensor: string; readonly unit: string }[];
}

/** All follow one leader, have committed as much and hold nothing back. */
async function agreed(nodes: readonly SiteNode[]): Promise<View> {
  const views = await until(
    'all nodes have one history',
    () => Promise.all(nodes.map((node) => node.get<View>('/api/v1/view'))),
    (all) =>
      all.every(
        (view) =>
          view.quorum &&
          view.outbox === 0 &&
          view.leader !== null &&
          view.leader === all[0]?.leader &&
          view.watermark === all[0]?.watermark,
      ),
    60_000,
  );
  return views[0] as View;
}

async function postCommitted(node: SiteNode, readings: unknown) {
  const response = await fetch(`http://127.0.0.1:${node.ports.ingestPort}/ingest?ack=committed`, {
    method: 'POST',
    body: JSON.stringify(readings),
  });
  const body = (await response.json()) as { readonly ack: string; readonly accepted: number };
  return { status: response.status, retryAfter: response.headers.get('retry-after'), ...body };
}

function verify(node: SiteNode, directory: string) {
  return run(['verify', '--all', '--json', '--node', node.url(), '--data-dir', directory]);
}

/** Reads one stream until it has two more readings; gives the id of the last. */
async function readOne(node: SiteNode, id: string, seen: number[]): Promise<string> {
  const ended = new AbortController();
  const response = await fetch(node.url('/api/v1/stream'), {
    headers: { 'Last-Event-ID': id },
    signal: ended.signal,
  });
  let text = '';
  let last = id;
  let more = 2;
  for await (const chunk of response.body ?? []) {
    text += new TextDecoder().decode(chunk);
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      if (!block.includes('event: reading') || more === 0) continue;
      last = /^id: (.*)$/m.exec(block)?.[1] ?? '';
      seen.push(Number(last.split(':')[1]));
      more--;
    }
    if (more === 0) break;
  }
  ended.abort();
  return last;
}

function csvDigest(directory: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(directory)
    .filter((one) => one.endsWith('.csv'))
    .sort()) {
    hash.update(name).update(readFileSync(join(directory, name)));
  }
  return hash.digest('hex');
}

function linesOf(directory: string, name: string): string[] {
  return readFileSync(join(directory, name), 'utf8').trimEnd().split('\n');
}

function edit(directory: string, name: string, change: (lines: string[]) => readonly string[]): void {
  writeFileSync(join(directory, name), `${change(linesOf(directory, name)).join('\n')}\n`);
}
