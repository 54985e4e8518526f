import { createHash } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from './start-error';

/** A process, told from a later one that got the same id. */
interface Holder {
  pid: number;
  started: string;
}

/** Makes this process the only one that uses the home; call the result to let it go. */
export const lock = (home: string): (() => void) => hold(join(home, 'lock'), home);

/** The file is there whole or not at all, so that nobody reads half of it and takes its holder for one that was killed. */
function hold(path: string, home: string): () => void {
  const mine = `${path}.${process.pid}`;
  const holder: Holder = { pid: process.pid, started: startOf(process.pid) };
  writeFileSync(mine, JSON.stringify(holder), { mode: 0o600 });
  try {
    while (!linked(mine, path)) takeAway(path, home);
    return () => rmSync(path, { force: true });
  } finally {
    rmSync(mine, { force: true });
  }
}

/**
 * Removes the lock of a process that was killed. Of several that find it one may, who holds the lock on doing so: the others
 * would remove the lock of whoever was first.
 */
function takeAway(path: string, home: string): void {
  const found = read(path);
  if (found === undefined) return; // let go meanwhile
  const { pid, started } = holderIn(found);
  if (startOf(pid) === started)
    throw new StartError(
      `Keyward is already running in ${home}, as process ${pid}. ` +
        'Stop that one, or start a second with another KEYWARD_HOME and PORT_OFFSET.',
    );
  const done = hold(`${path}-${createHash('sha256').update(found).digest('hex').slice(0, 8)}`, home);
  if (read(path) === found) rmSync(path, { force: true });
  done();
}

/** Whether `path` is a second name of the file now; not where it was there already. */
function linked(file: string, path: string): boolean {
  try {
    linkSync(file, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Nobody's, where it cannot be read. */
function holderIn(text: string): Holder {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    return { pid: 0, started: 'never' };
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
