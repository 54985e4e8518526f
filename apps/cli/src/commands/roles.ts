import { type Role, type User } from '@keyward/contracts';
import { Command } from 'commander';
import { path } from '../api';
import { examples } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<Role> = {
  Name: ({ name }) => name,
  Description: ({ description }) => description,
  Created: ({ createdAt }) => createdAt,
};
const memberColumns: Columns<User> = {
  Username: ({ username }) => username,
  State: ({ state }) => state,
  Roles: ({ roles }) => roles,
};

const rolePath = (session: Session, role: string) => path`organizations/${session.organization}/roles/${role}`;

/** `keyward roles`: what users are in their organization, and so what scopes they may have. */
export function roles(terminal: Terminal): Command {
  const noun = new Command('roles').description('the roles of an organization (--org) and who has them');

  noun
    .command('create <name>')
    .description('create a role')
    .option('--description <text>', 'what it is for')
    .addHelpText('after', examples('roles create editor --org johnsorg'))
    .action((name: string, { description }: { description?: string }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = path`organizations/${session.organization}/roles`;
        session.show(await session.api.post<Role>(url, { name, description }), columns);
      }),
    );

  noun
    .command('list')
    .description('list the roles')
    .addHelpText('after', examples('roles list --org johnsorg'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.list(await session.api.list<Role>(path`organizations/${session.organization}/roles`), columns),
      ),
    );

  noun
    .command('update <name>')
    .description("change a role's description")
    .requiredOption('--description <text>', 'what it is for')
    .addHelpText('after', examples('roles update editor --org johnsorg --description "May edit"'))
    .action((name: string, { description }: { description: string }, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.patch<Role>(rolePath(session, name), { description }), columns),
      ),
    );

  noun
    .command('members <role>')
    .description('list the users who have a role')
    .addHelpText('after', examples('roles members editor --org johnsorg'))
    .action((role: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.list(await session.api.list<User>(`${rolePath(session, role)}/members`), memberColumns),
      ),
    );

  noun
    .command('assign <role> <username>')
    .description('give a role to a user')
    .addHelpText('after', examples('roles assign editor john@johns.org --org johnsorg'))
    .action((role: string, username: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.post<User>(`${rolePath(session, role)}/members`, { username }), memberColumns),
      ),
    );

  noun
    .command('unassign <role> <username>')
    .description('take a role from a user')
    .addHelpText('after', examples('roles unassign editor john@johns.org --org johnsorg'))
    .action((role: string, username: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(`${rolePath(session, role)}/members/${encodeURIComponent(username)}`);
        session.done(`${username} is no ${role} any more.`);
      }),
    );

  noun
    .command('delete <name>')
    .description('delete a role; all who have it lose it')
    .addHelpText('after', examples('roles delete editor --org johnsorg'))
    .action((name: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(rolePath(session, name));
        session.done(`Deleted ${name}.`);
      }),
    );

  return noun;
}
