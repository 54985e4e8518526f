import { type Registration } from '@keyward/contracts';
import { Command } from 'commander';
import { path } from '../api';
import { examples } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<Registration> = {
  'Consumer key': ({ clientId }) => clientId,
  Application: ({ application }) => application,
  'Registered by': ({ by, tokenId }) =>
    ({ token: `initial access token ${tokenId ?? ''}`, open: 'anyone', user: 'a user' })[by],
  Trusted: ({ trusted }) => trusted,
  Contacts: ({ about }) => about['contacts'],
  Created: ({ createdAt }) => createdAt,
};

const clientPath = (session: Session, clientId: string) =>
  path`organizations/${session.organization}/registered-clients/${clientId}`;

/** `keyward registered-clients`: the clients that have registered themselves. */
export function registeredClients(terminal: Terminal): Command {
  const noun = new Command('registered-clients').description(
    'the clients that have registered themselves at an organization (--org)',
  );

  noun
    .command('list')
    .description('list them')
    .addHelpText('after', examples('registered-clients list --org johnsorg'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = path`organizations/${session.organization}/registered-clients`;
        session.list(await session.api.list<Registration>(url), columns);
      }),
    );

  noun
    .command('show <consumer-key>')
    .description('show one, and what it says of itself')
    .addHelpText('after', examples('registered-clients show wU62DjlyDBnq87GlBwplfqvmAbAa --org johnsorg'))
    .action((clientId: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const client = await session.api.get<Registration>(clientPath(session, clientId));
        const about = Object.keys(client.about).map((name) => [name, ({ about: its }: Registration) => its[name]]);
        session.show(client, { ...columns, ...(Object.fromEntries(about) as Columns<Registration>) });
      }),
    );

  noun
    .command('delete <consumer-key>')
    .description('end one, with its application and all its tokens')
    .addHelpText('after', examples('registered-clients delete wU62DjlyDBnq87GlBwplfqvmAbAa --org johnsorg'))
    .action((clientId: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(clientPath(session, clientId));
        session.done(`Deleted ${clientId}.`);
      }),
    );

  return noun;
}
