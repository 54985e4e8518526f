import { type Scope } from '@keyward/contracts';
import { Command } from 'commander';
import { path } from '../api';
import { changes, commaSeparated, examples } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<Scope> = {
  Name: ({ name }) => name,
  Roles: ({ roles }) => roles,
  Description: ({ description }) => description,
  Created: ({ createdAt }) => createdAt,
};

interface Settings {
  description?: string;
  roles?: string[];
}

const ROLES = ['--roles <roles>', 'comma-separated, any one of which a user needs; an empty text: none'] as const;
const scopePath = (session: Session, scope: string) => path`organizations/${session.organization}/scopes/${scope}`;

/** `keyward scopes`: what the resources of APIs need. */
export function scopes(terminal: Terminal): Command {
  const noun = new Command('scopes').description(
    'the scopes of an organization (--org), and the roles that may have them',
  );

  noun
    .command('create <name>')
    .description('create a scope')
    .option('--description <text>', 'what it lets one do')
    .option(...ROLES, commaSeparated)
    .addHelpText('after', examples('scopes create update --org johnsorg --roles editor'))
    .action((name: string, { description, roles }: Settings, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = path`organizations/${session.organization}/scopes`;
        session.show(await session.api.post<Scope>(url, { name, description, roles }), columns);
      }),
    );

  noun
    .command('list')
    .description('list the scopes')
    .addHelpText('after', examples('scopes list --org johnsorg'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.list(await session.api.list<Scope>(path`organizations/${session.organization}/scopes`), columns),
      ),
    );

  noun
    .command('show <name>')
    .description('show one scope')
    .addHelpText('after', examples('scopes show update --org johnsorg'))
    .action((name: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.get<Scope>(scopePath(session, name)), columns),
      ),
    );

  noun
    .command('update <name>')
    .description('replace the roles of a scope, or its description')
    .option('--description <text>', 'what it lets one do')
    .option(...ROLES, commaSeparated)
    .addHelpText('after', examples('scopes update update --org johnsorg --roles editor,admin'))
    .action((name: string, { description, roles }: Settings, command: Command) =>
      inSession(terminal, command, async (session) => {
        const body = changes({ description, roles });
        session.show(await session.api.patch<Scope>(scopePath(session, name), body), columns);
      }),
    );

  noun
    .command('delete <name>')
    .description('delete a scope that no resource needs')
    .addHelpText('after', examples('scopes delete update --org johnsorg'))
    .action((name: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(scopePath(session, name));
        session.done(`Deleted ${name}.`);
      }),
    );

  return noun;
}
