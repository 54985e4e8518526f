// What processes cost, from /proc: CPU seconds and resident memory of a process and everything it started.
import { readdirSync, readFileSync } from 'node:fs';

const TICKS = 100; // of a Linux clock, per second

function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { pid: Number(pid), parent: Number(fields[1]), cpu: (Number(fields[11]) + Number(fields[12])) / TICKS };
  } catch {
    return undefined; // it has ended meanwhile
  }
}

/** The process and its descendants. */
export function tree(root) {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(stat)
    .filter(Boolean);
  const found = all.filter(({ pid }) => pid === root);
  for (const one of found) found.push(...all.filter(({ parent }) => parent === one.pid));
  return found;
}

export const cpuSeconds = (roots) => roots.flatMap(tree).reduce((sum, { cpu }) => sum + cpu, 0);

/** MiB, counting what processes share once for each (PSS): what the machine would get back. */
export function memory(root) {
  return tree(root).reduce((sum, { pid }) => {
    try {
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      return sum + Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024;
    } catch {
      return sum;
    }
  }, 0);
}
