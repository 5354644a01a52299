// A program under test: its lines with the moment each arrived, and what the system says it has used.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** What /proc counts processor time in. */
const TICKS_PER_SECOND = 100;
const LAST_WORDS_MAX = 4_000;

/** None outlives this process, whatever ends it. */
const RUNNING = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of RUNNING) child.kill('SIGKILL');
});

export interface Command {
  readonly wrapper: readonly string[];
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: { readonly [name: string]: string };
}

/** What came in by the network of the namespace of a process. */
export interface NetUse {
  /** Of IP packets, headers included. */
  readonly ipBytes: number;
  /** Of UDP and TCP without their headers; options of TCP are taken to be its timestamps. */
  readonly payloadBytes: number;
  readonly packets: number;
}

export class BenchProcess {
  readonly name: string;
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  #lastWords = '';
  #isRunning = true;

  /** `heard` is called with each line of its standard output. */
  constructor(name: string, command: Command, heard: (line: string, atMs: number) => void) {
    const { PATH, HOME, TMPDIR } = process.env;
    const [first = '', ...rest] = [...command.wrapper, command.program, ...command.args];
    this.name = name;
    this.#child = spawn(first, rest, {
      env: { PATH, HOME, TMPDIR, ...command.environment },
      // When this process is killed, the pipe closes, and a node ends by that.
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.#child;
    if (stdout) createInterface({ input: stdout }).on('line', (line) => heard(line, performance.now()));
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_MAX);
    });
    RUNNING.add(this.#child);
    this.exited = once(this.#child, 'close').then(() => {
      this.#isRunning = false;
      RUNNING.delete(this.#child);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get lastWords(): string {
    return this.#lastWords;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.signal(signal);
    await this.exited;
  }

  /** User and system time of all its threads, in seconds. */
  cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    // The name in brackets may hold spaces; the state is the first field after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  residentMegabytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
  }

  netUse(): NetUse {
    const ipBytes = this.#net('netstat', 'IpExt', 'InOctets');
    const segments = this.#net('snmp', 'Tcp', 'InSegs');
    const datagrams = this.#net('snmp', 'Udp', 'InDatagrams');
    return {
      ipBytes,
      payloadBytes: ipBytes - 52 * segments - 28 * datagrams,
      packets: segments + datagrams,
    };
  }

  /** A line of names is followed by one of numbers, both after the protocol's name. */
  #net(file: string, protocol: string, counter: string): number {
    const lines = readFileSync(`/proc/${this.pid}/net/${file}`, 'utf8').split('\n');
    const [names, numbers] = lines
      .filter((line) => line.startsWith(`${protocol}:`))
      .map((line) => line.split(' '));
    return Number(numbers?.[names?.indexOf(counter) ?? -1]);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, ms));
}
