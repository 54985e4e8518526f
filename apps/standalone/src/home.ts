import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * Makes the directory that holds all state. Root's has to let the user through who runs PostgreSQL (0711); what is in it is
 * closed to others file by file.
 */
export function openHome(path: string): string {
  const home = resolve(path);
  const root = process.getuid?.() === 0;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (root && statSync(home).uid === 0) chmodSync(home, 0o711);
  return home;
}
