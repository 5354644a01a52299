// The log of a node: JSON lines on a pipe, text on a terminal, both to a file as well when asked. Level DEMO
// shows the cluster's story alone. SPEC rules HO6, HO7, HO12.

import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { Log, LogFields } from '../kit/log.ts';
import { RotatingFile } from './rotating-file.ts';

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL' | 'DEMO';

export interface LogOptions {
  readonly level: LogLevel;
  /** Bound to every line. */
  readonly node: string;
  readonly file: string | null;
  readonly clearFile: boolean;
  /** At what size the file is set aside, and how many former ones are kept. */
  readonly fileMaxBytes: number | 'never';
  readonly filesKept: number;
  readonly text: boolean;
}

/** Facts of the cluster's story are told at this level; DEMO shows it and what is graver than it. */
const STORY = 45;
const PINO_LEVELS = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  ERROR: 'error',
  CRITICAL: 'fatal',
  DEMO: 'story',
} as const;

const LEVELS: readonly LogLevel[] = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL', 'DEMO'];

export class NodeLog implements Log {
  readonly #pino: Logger<'story'>;
  readonly #file: RotatingFile | null;
  #demo: boolean;

  constructor(options: LogOptions) {
    const streams: DestinationStream[] = [options.text ? textStream() : destination({ dest: 1, sync: true })];
    this.#file = fileOf(options);
    if (this.#file !== null) streams.push(this.#file);
    this.#demo = options.level === 'DEMO';
    this.#pino = pino(
      {
        level: PINO_LEVELS[options.level],
        customLevels: { story: STORY },
        base: { node: options.node },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label === 'story' ? 'info' : label }) },
      },
      pino.multistream(
        streams.map((stream) => ({ level: 'trace', stream })),
        { levels: { story: STORY } },
      ),
    );
  }

  get level(): LogLevel {
    if (this.#demo) return 'DEMO';
    return LEVELS.find((level) => PINO_LEVELS[level] === this.#pino.level) ?? 'INFO';
  }

  set level(level: LogLevel) {
    this.#demo = level === 'DEMO';
    this.#pino.level = PINO_LEVELS[level];
  }

  /** Goes on in the log file of that name, after another program has moved it. (HO12) */
  reopen(): void {
    this.#file?.reopen();
  }

  debug(message: string, fields: LogFields = {}): void {
    this.#pino.debug(fields, message);
  }

  info(message: string, fields: LogFields = {}): void {
    this.#pino.info(fields, message);
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#pino.warn(fields, message);
  }

  error(message: string, fields: LogFields = {}): void {
    this.#pino.error(fields, message);
  }

  /** Said at any level: what a supervisor waits for. */
  always(message: string, fields: LogFields = {}): void {
    this.#pino.child({}, { level: 'info' }).info(fields, message);
  }

  /** A line of the cluster's story, shown at DEMO, INFO and DEBUG. */
  story(message: string, fields: LogFields = {}): void {
    if (this.#demo) this.#pino.story(fields, message);
    else this.#pino.info(fields, message);
  }
}

function fileOf({ file, clearFile, fileMaxBytes, filesKept }: LogOptions): RotatingFile | null {
  if (file === null) return null;
  return new RotatingFile({ path: file, clear: clearFile, maxBytes: fileMaxBytes, keep: filesKept });
}

const RED_LEVELS = ['error', 'fatal'];

/** One line of text a record, for a person at a terminal. */
function textStream(): DestinationStream {
  return {
    write(line: string): void {
      const { level, time, node, msg, pid: _pid, hostname: _hostname, ...fields } = JSON.parse(line);
      const shown = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
      const clock = String(time).slice(11, 23);
      const text = `${clock} ${String(level).padEnd(5)} ${node}  ${msg}${shown.join('')}`;
      process.stdout.write(RED_LEVELS.includes(level) ? `\u001b[31m${text}\u001b[39m\n` : `${text}\n`);
    },
  };
}
