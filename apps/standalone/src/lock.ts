import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from './start-error';

/** A process, told from a later one that got the same id. */
interface Holder {
  pid: number;
  started: string;
}

/** Makes this process the only one that uses the home; call the result to let it go. */
export function lock(home: string): () => void {
  const path = join(home, 'lock');
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid) } satisfies Holder);
  for (;;)
    try {
      writeFileSync(path, mine, { flag: 'wx', mode: 0o600 });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const holder = read(path);
      if (holder && startOf(holder.pid) === holder.started)
        throw new StartError(
          `Keyward is already running in ${home}, as process ${holder.pid}. ` +
            'Stop that one, or start a second with another KEYWARD_HOME and PORT_OFFSET.',
        );
      rmSync(path, { force: true }); // Its holder was killed.
    }
}

function read(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/** When a process started, as far as the system tells; empty when there is no such process. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return `${boot} ${stat.slice(stat.lastIndexOf(')')).split(' ')[20]}`; // proc(5): field 22, the name being the second
  } catch {
    if (process.platform === 'linux') return '';
  }
  try {
    process.kill(pid, 0);
    return 'running';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'running' : '';
  }
}
