import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Guard } from './guard';

/** What is started, and how to tell that it is ready. */
export interface ChildOptions {
  /** Names it in errors. */
  name: string;
  /** The built main.js. */
  entry: string;
  env: Record<string, string>;
  /** Where it is started, and where a file of its output is kept. */
  cwd: string;
  isReady: () => Promise<boolean>;
  guard?: Guard;
  /** Runs it as another user, which only root can. */
  uid?: number;
}

/** How a process ended: its exit code, or `null` when a signal ended it. */
export type ExitCode = number | null;

const READY_MS = 120_000;
const STOP_MS = 15_000;

/** A process of a deployment that can be ended and started again. */
export class Child {
  private process?: ChildProcess;
  private exit: Promise<ExitCode> = Promise.resolve(null);
  /** When it was last started, milliseconds. */
  startedAt = 0;

  constructor(private readonly options: ChildOptions) {}

  get pid(): number {
    return this.process?.pid ?? 0;
  }

  get running(): boolean {
    return this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }

  /** All it has written, over restarts. */
  get output(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  private get logFile(): string {
    return `${this.options.cwd}/${this.options.name}.log`;
  }

  /** Starts it; resolves when it is ready. Throws with what it wrote when it ends instead. */
  async start(): Promise<void> {
    this.spawn();
    const deadline = Date.now() + READY_MS;
    while (!(await this.options.isReady().catch(() => false))) {
      if (!this.running) throw new Error(`${this.options.name} ended before it was ready:\n${this.output}`);
      if (Date.now() > deadline) throw new Error(`${this.options.name} was not ready in time:\n${this.output}`);
      await pause(25);
    }
  }

  /** Starts it without waiting for it. */
  spawn(): void {
    const { entry, env, cwd, guard, uid } = this.options;
    this.startedAt = Date.now();
    const log = openSync(this.logFile, 'a', 0o600);
    const child = spawn(process.execPath, [entry], { cwd, env, stdio: ['ignore', log, log], uid, gid: uid });
    closeSync(log);
    this.process = child;
    this.exit = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    if (child.pid) guard?.watch(child.pid);
  }

  /** `SIGSTOP` makes it hang, `SIGCONT` go on. */
  signal(name: NodeJS.Signals): void {
    this.process?.kill(name);
  }

  /** Resolves when it has ended. */
  ended(): Promise<ExitCode> {
    return this.exit;
  }

  /** Ends it; by force when it takes too long. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<ExitCode> {
    this.signal(signal);
    const late = setTimeout(() => this.signal('SIGKILL'), STOP_MS);
    try {
      return await this.exit;
    } finally {
      clearTimeout(late);
    }
  }
}
