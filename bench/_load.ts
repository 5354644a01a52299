// Posts readings at a fixed rate, in a process of its own: `node --import tsx bench/_load.ts PLAN` with the plan as
// JSON; prints one line of JSON in the end. The bodies are made beforehand; only time and value are written anew.
// A reading's time is the moment at which it was due, so that a load that falls behind makes readings older and
// is not forgiven.

import { Agent, request } from 'node:http';
import { quantile } from './_figures.ts';

export interface LoadPlan {
  /** Where to post: requests go to these in turn. */
  readonly ports: readonly number[];
  readonly readingsPerSecond: number;
  readonly batch: number;
  /** Sensors of a group are posted together, and always to the same node; one of each group is `probe/<group>`. */
  readonly groups: number;
  readonly seconds: number;
  /** Readings due this many seconds after the start or later are those that count. */
  readonly countAfterSeconds: number;
}

export interface LoadResult {
  /** Times of day between which the readings that count were due. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly posted: number;
  /** Requests answered with 200, of those that count. */
  readonly accepted: number;
  /** Not even sent, as too many waited for their answers already. */
  readonly skipped: number;
  readonly refused: { readonly [why: string]: number };
  readonly answerMsP50: number;
  readonly answerMsP99: number;
  readonly cpuSeconds: number;
}

const TICK_MS = 4;
const SOCKETS_PER_NODE = 16;
/** About what a gateway would hold before it gives up. */
const UNANSWERED_MAX = 2_000;
const ANSWERS_MS = 5_000;

interface Body {
  readonly bytes: Buffer;
  readonly timesAt: readonly number[];
  readonly valuesAt: readonly number[];
}

if (process.argv[2] !== undefined) {
  post(JSON.parse(process.argv[2]), (result) => console.log(JSON.stringify(result)));
}

function post(plan: LoadPlan, done: (result: LoadResult) => void): void {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_PER_NODE, noDelay: true });
  const bodies = Array.from({ length: plan.groups }, (_, group) => bodyOf(group, plan.batch));
  const everyMs = (1_000 * plan.batch) / plan.readingsPerSecond;
  const count = Math.floor((plan.seconds * 1_000) / everyMs);
  const startMs = performance.now() + 100;
  const startWallMs = Date.now() + 100;
  const fromMs = startWallMs + plan.countAfterSeconds * 1_000;
  const answers: number[] = [];
  const refused: { [why: string]: number } = {};
  const counts = { posted: 0, accepted: 0, skipped: 0, unanswered: 0 };
  let next = 0;

  const end = (): void => {
    clearInterval(ticking);
    agent.destroy();
    const { user, system } = process.cpuUsage();
    done({
      fromMs,
      toMs: startWallMs + plan.seconds * 1_000,
      posted: counts.posted,
      accepted: counts.accepted,
      skipped: counts.skipped,
      refused,
      answerMsP50: quantile(answers, 0.5),
      answerMsP99: quantile(answers, 0.99),
      cpuSeconds: (user + system) / 1e6,
    });
  };
  const ticking = setInterval(() => {
    const nowMs = performance.now();
    for (; next < count && startMs + next * everyMs <= nowMs; next++) sendNext();
    if (next === count && (counts.unanswered === 0 || nowMs > startMs + plan.seconds * 1_000 + ANSWERS_MS))
      end();
  }, TICK_MS);

  function sendNext(): void {
    if (counts.unanswered >= UNANSWERED_MAX) {
      counts.skipped++;
      return;
    }
    const dueMs = startMs + next * everyMs;
    const tsMs = Math.round(startWallMs + next * everyMs);
    const group = next % plan.groups;
    const body = bodies[group];
    if (body === undefined) return;
    const bytes = Buffer.from(body.bytes);
    const time = Buffer.from(String(tsMs));
    const value = Buffer.from(String(next % 1_000).padStart(3, '0'));
    for (const at of body.timesAt) time.copy(bytes, at);
    for (const at of body.valuesAt) value.copy(bytes, at);
    counts.posted++;
    counts.unanswered++;
    const answered = (why: string): void => {
      counts.unanswered--;
      if (why !== '200') refused[why] = (refused[why] ?? 0) + 1;
      if (tsMs < fromMs) return;
      answers.push(performance.now() - dueMs);
      if (why === '200') counts.accepted++;
    };
    send(plan.ports[group % plan.ports.length] ?? 0, bytes, answered);
  }

  function send(port: number, bytes: Buffer, answered: (why: string) => void): void {
    const headers = { 'content-type': 'application/json', 'content-length': bytes.byteLength };
    const posting = request(
      { host: '127.0.0.1', port, path: '/ingest', method: 'POST', agent, headers },
      (response) => {
        response.resume().once('end', () => answered(String(response.statusCode)));
      },
    );
    posting.once('error', (error: NodeJS.ErrnoException) => {
      // The other side may close a connection that was idle just as it is used again.
      if (posting.reusedSocket && error.code === 'ECONNRESET') send(port, bytes, answered);
      else answered(error.code ?? error.name);
    });
    posting.end(bytes);
  }
}

function bodyOf(group: number, batch: number): Body {
  const timesAt: number[] = [];
  const valuesAt: number[] = [];
  let text = '';
  for (let at = 0; at < batch; at++) {
    const sensor = at === batch >> 1 ? `probe/${group}` : `hall-${group}/machine-${at}/temperature`;
    text += `${at === 0 ? '[' : ','}{"sensor":"${sensor}","value":${20 + (at % 7)}.`;
    valuesAt.push(text.length);
    text += '000,"ts":';
    timesAt.push(text.length);
    text += '0000000000000}';
  }
  return { bytes: Buffer.from(`${text}]`), timesAt, valuesAt };
}
