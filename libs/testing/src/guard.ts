import { spawn } from 'node:child_process';
import { type Socket } from 'node:net';

/** Reads process ids until its input ends, which it does when the one who wrote them is gone; then it ends them. */
const SCRIPT = `
  all=
  while read -r pid; do all="$all $pid"; done
  if [ -z "$all" ]; then exit; fi
  kill -TERM $all; sleep 5; kill -KILL $all`;

/** Sees to it that processes do not outlive this one, however it ends. */
export class Guard {
  private readonly shell = spawn('sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });

  constructor() {
    this.shell.unref();
    (this.shell.stdin as Socket).unref();
  }

  watch(pid: number): void {
    this.shell.stdin.write(`${pid}\n`);
  }

  /** When they have been ended in the proper way. */
  release(): void {
    this.shell.kill('SIGKILL');
  }
}
