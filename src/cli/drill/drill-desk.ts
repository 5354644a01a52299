// What people at a page may have done to a local cluster, one thing after the other; the story of it, and the reports
// of what was measured. SPEC rules CL30, CL31.

import { unreachable } from '../../kit/assert.ts';
import { ok, type Result, refused } from '../../kit/result.ts';
import { LIMITS } from '../../model/limits.ts';
import {
  type Act,
  type DeskState,
  DRILLS,
  type DrillName,
  type ExerciseReport,
  type Report,
} from './desk-state.ts';
import { drill } from './drill.ts';
import type { DrillGround } from './drill-ground.ts';
import { Exercise } from './exercise.ts';

/** Gentler than the load of the command, and the same for the whole site: people look at the same machine meanwhile. */
const PAUSE_MS_A_NODE = 7;

export class DrillDesk {
  readonly #ground: DrillGround;
  readonly #story: { at_ms: number; text: string }[] = [];
  readonly #reports: Report[] = [];
  #busy = '';
  #exercise: Exercise | null = null;

  constructor(ground: DrillGround) {
    this.#ground = ground;
  }

  state(): DeskState {
    return {
      nodes: this.#ground.nodes(),
      side: this.#ground.side,
      drills: DRILLS,
      busy: this.#busy,
      measuring: this.#exercise !== null,
      story: this.#story,
      reports: this.#reports,
    };
  }

  /** Resolves when it is done, or under way where it takes long. */
  async act(act: Act): Promise<Result<null>> {
    if (this.#busy !== '') return refused(`${this.#busy} is under way; wait until it is over`);
    try {
      switch (act.act) {
        case 'drill':
          return this.#drill(act.drill);
        case 'begin':
          return this.#begin();
        case 'end':
          return this.#end();
        default:
          this.#tell(textOf(act));
          await this.#do(act);
          return ok(null);
      }
    } catch (error) {
      return refused(error instanceof Error ? error.message : String(error));
    }
  }

  /** Of each writer. */
  get #pauseMs(): number {
    return PAUSE_MS_A_NODE * this.#ground.ids.length;
  }

  /** Whoever stands still is woken, so that it hears that it is to end; what is under way ends with the process. */
  stop(): void {
    this.#ground.wakeAll();
  }

  #do(act: Exclude<Act, { readonly act: 'drill' | 'begin' | 'end' }>): Promise<void> | void {
    switch (act.act) {
      case 'kill':
        return this.#ground.kill(act.node);
      case 'stop':
        return this.#ground.stop(act.node);
      case 'pause':
        return this.#ground.pause(act.node);
      case 'resume':
        return this.#ground.resume(act.node);
      case 'start':
        return this.#ground.start(act.node);
      case 'slow':
        return this.#ground.slow(act.node, act.delayMs);
      case 'cut':
        return this.#ground.cut(act.side);
      case 'heal':
        return this.#ground.restore();
      default:
        return unreachable(act);
    }
  }

  #drill(name: DrillName): Result<null> {
    if (this.#exercise !== null) return refused('end what is being measured first');
    void this.#work(name, async () => {
      await this.#ground.restore();
      return drill(name, this.#ground, this.#pauseMs, (text) => this.#tell(text));
    });
    return ok(null);
  }

  #begin(): Result<null> {
    if (this.#exercise !== null) return refused('it is being measured already');
    void this.#work('begin', async () => {
      this.#exercise = await Exercise.begin(this.#ground.cluster, (text) => this.#tell(text), this.#pauseMs);
      this.#exercise.struck();
      return null;
    });
    return ok(null);
  }

  #end(): Result<null> {
    const exercise = this.#exercise;
    if (exercise === null) return refused('nothing is being measured');
    void this.#work('what was done by hand', async () => {
      this.#tell('healing everything, and counting');
      this.#exercise = null;
      return exercise.end(() => this.#ground.restore());
    });
    return ok(null);
  }

  /** What takes long is answered at once, and its end is told in the story. */
  async #work(title: string, run: () => Promise<ExerciseReport | null>): Promise<void> {
    this.#busy = title;
    try {
      const report = await run();
      if (report === null) return;
      this.#report({ at_ms: Date.now(), title, report, failed: '' });
      this.#tell(`${title}: ${report.lost} lost, ${report.doubled} doubled, ${report.outage_ms} ms outage`);
    } catch (error) {
      const failed = error instanceof Error ? error.message : String(error);
      this.#report({ at_ms: Date.now(), title, report: null, failed });
      this.#tell(`${title} failed: ${failed}`);
    } finally {
      this.#busy = '';
    }
  }

  #report(report: Report): void {
    this.#reports.push(report);
    if (this.#reports.length > LIMITS.drillReportsMax) this.#reports.shift();
  }

  #tell(text: string): void {
    this.#story.push({ at_ms: Date.now(), text });
    if (this.#story.length > LIMITS.drillStoryMax) this.#story.shift();
  }
}

function textOf(act: Exclude<Act, { readonly act: 'drill' | 'begin' | 'end' }>): string {
  switch (act.act) {
    case 'slow':
      return act.delayMs === 0
        ? `${act.node} sends without delay again`
        : `${act.node} sends ${act.delayMs} ms late`;
    case 'cut':
      return act.side.length === 0 ? 'nobody is cut off' : `${act.side.join(', ')} cut off from the others`;
    case 'heal':
      return 'everything is healed';
    default:
      return `${SAID[act.act]} ${act.node}`;
  }
}

const SAID = {
  kill: 'kill -9',
  stop: 'SIGTERM',
  pause: 'SIGSTOP',
  resume: 'SIGCONT',
  start: 'start',
} as const;
