import { Command } from 'commander';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from '../command-error';
import { examples } from '../options';
import { type Terminal } from '../terminal';

/** Standalone alone may import the services, and so knows all their migrations; it is run, not imported. */
const ENTRY = join(__dirname, '../../../standalone/dist/migrate.js');

/** `keyward migrate`: the database made ready for the services. */
export const migrate = (terminal: Terminal): Command =>
  new Command('migrate')
    .description('create the roles and schemas of the services in PostgreSQL and run their migrations')
    .addHelpText(
      'after',
      `
Reads DATABASE_ADMIN_URL, a role that may create roles, and the passwords the services' roles shall have:
DIRECTORY_DATABASE_PASSWORD, KEY_MANAGER_DATABASE_PASSWORD, CATALOG_DATABASE_PASSWORD and TOKEN_DATABASE_PASSWORD.
It can be run again at any time, also to change those passwords.
${examples('migrate')}`,
    )
    .action(async () => {
      if (!existsSync(ENTRY))
        throw new CommandError('The migrations are not built: run npx nx build standalone first.');
      const child = spawn(process.execPath, [ENTRY], { env: terminal.env, stdio: ['ignore', 'inherit', 'inherit'] });
      const [code] = (await once(child, 'exit')) as [number | null];
      if (code !== 0) throw new CommandError('The migrations did not finish: the lines above say why.');
    });
