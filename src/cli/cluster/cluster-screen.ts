// The live table of a local cluster in a terminal: nodes, what each knows of every sensor, and the last lines of
// the story. Redrawn every second from the nodes' own read APIs.

import { ApiClient, type LatestRow, type MemberRow, type ViewRow } from '../api-client.ts';
import { ageText, plain, table, valueText } from '../table.ts';
import type { LogLine } from './local-cluster.ts';
import type { NodePlan } from './topology.ts';

const REDRAW_MS = 1_000;
const STORY_LINES = 6;
const SENSOR_WIDTH = 24;
/** Columns of the other columns of the sensors' table, at most. */
const BESIDE_VALUE = SENSOR_WIDTH + 52;
const CLEAR = '\u001b[H\u001b[J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

interface Seen {
  readonly latest: readonly LatestRow[];
  readonly members: readonly MemberRow[];
  readonly view: ViewRow;
}

export class ClusterScreen {
  readonly #nodes: readonly { readonly plan: NodePlan; readonly client: ApiClient }[];
  readonly #story: string[] = [];
  #timer: NodeJS.Timeout | null = null;
  #drawing = false;
  #link = '';

  constructor(plans: readonly NodePlan[]) {
    this.#nodes = plans.map((plan) => ({
      plan,
      client: new ApiClient(`http://127.0.0.1:${plan.apiPort}`),
    }));
  }

  /** `link` leads to the page on which the nodes can be hurt. */
  start(link: string): void {
    this.#link = link;
    process.stdout.write(HIDE_CURSOR);
    this.#timer = setInterval(() => void this.#draw(), REDRAW_MS);
    void this.#draw();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    process.stdout.write(`${SHOW_CURSOR}\nstopping\n`);
  }

  heard(node: string, line: LogLine): void {
    this.#story.push(`${new Date().toISOString().slice(11, 19)} ${node}  ${plain(line.msg)}`);
    if (this.#story.length > STORY_LINES) this.#story.shift();
  }

  async #draw(): Promise<void> {
    if (this.#drawing) return;
    this.#drawing = true;
    const seen = await Promise.all(
      this.#nodes.map(async ({ client }): Promise<Seen | null> => {
        try {
          const [latest, members, view] = await Promise.all([
            client.latest(),
            client.members(),
            client.view(),
          ]);
          return { latest, members, view };
        } catch {
          return null;
        }
      }),
    );
    this.#drawing = false;
    if (this.#timer === null) return;
    const width = process.stdout.columns ?? 120;
    const above = [...this.#nodesTable(seen).split('\n'), ''];
    const below = ['', ...this.#story, '', `break it and watch: ${this.#link}`, 'Ctrl-C ends it'];
    const room = (process.stdout.rows ?? 40) - 1 - above.length - below.length;
    const sensors = fitting(sensorsTable(seen, width).split('\n'), Math.max(2, room));
    const shown = [...above, ...sensors, ...below].map((line) => line.slice(0, width));
    process.stdout.write(CLEAR + shown.join('\n'));
  }

  #nodesTable(seen: readonly (Seen | null)[]): string {
    return table(
      ['node', 'page', 'sees alive', 'sensors', 'leader', 'watermark', 'outbox'],
      this.#nodes.map(({ plan }, index) => {
        const one = seen[index];
        const alive = one?.members.filter((member) => member.status === 'alive').length;
        return [
          plan.id,
          `http://127.0.0.1:${plan.apiPort}`,
          one ? `${alive} of ${one.members.length}` : 'does not answer',
          one ? String(one.latest.length) : '-',
          one ? leaderText(one.view, plan.id) : '-',
          one ? String(one.view.watermark) : '-',
          one ? String(one.view.outbox) : '-',
        ];
      }),
    );
  }
}

/** Whom a node follows; a leader that it hears of and that has no quorum is doubtful. */
function leaderText({ leader, quorum }: ViewRow, self: string): string {
  if (leader === null) return 'none';
  const name = leader === self ? 'leads' : leader;
  return quorum ? name : `${name}?`;
}

/** The heading and as many rows as there is room for; the last line says how many more there are. */
function fitting(lines: readonly string[], room: number): readonly string[] {
  if (lines.length <= room) return lines;
  return [...lines.slice(0, room - 1), `and ${lines.length - room + 1} more sensors`];
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function sensorsTable(seen: readonly (Seen | null)[], width: number): string {
  const valueWidth = Math.min(60, Math.max(14, width - BESIDE_VALUE));
  const answering = seen.filter((one) => one !== null);
  const rows = new Map<string, { row: LatestRow; knownBy: number; equal: number }>();
  for (const { latest } of answering) {
    for (const row of latest) {
      const known = rows.get(row.sensor);
      if (known === undefined) rows.set(row.sensor, { row, knownBy: 1, equal: 1 });
      else {
        known.knownBy++;
        if (known.row.n === row.n && known.row.origin === row.origin) known.equal++;
      }
    }
  }
  const sorted = [...rows.values()].sort((a, b) => (a.row.sensor < b.row.sensor ? -1 : 1));
  return table(
    ['sensor', 'value', 'unit', 'origin', 'age', 'at nodes', ''],
    sorted.map(({ row, knownBy, equal }) => [
      cut(plain(row.sensor), SENSOR_WIDTH),
      cut(valueText(row.value), valueWidth),
      plain(row.unit ?? ''),
      row.origin,
      ageText(row.age_ms),
      equal === knownBy ? `${knownBy} of ${seen.length}` : `${equal} equal of ${knownBy}`,
      row.commit === 'committed' ? `✓ ${row.sequence ?? ''}`.trimEnd() : '',
    ]),
  );
}
