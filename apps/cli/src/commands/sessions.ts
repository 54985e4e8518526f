import { type Consent, type Session } from '@keyward/contracts';
import { Command } from 'commander';
import { path } from '../api';
import { examples } from '../options';
import { type Columns } from '../output';
import { inSession } from '../session';
import { type Terminal } from '../terminal';

const sessionColumns: Columns<Session> = {
  Session: ({ id }) => id,
  'Signed in': ({ signedInAt }) => signedInAt,
  'Last used': ({ usedAt }) => usedAt,
  'Ends unless used': ({ expiresAt }) => expiresAt,
  Browser: ({ userAgent }) => userAgent,
  Clients: ({ clients }) => clients,
};

const consentColumns: Columns<Consent> = {
  'Consumer key': ({ clientId }) => clientId,
  Application: ({ name }) => name,
  Scopes: ({ scopes }) => scopes,
  Since: ({ grantedAt }) => grantedAt,
};

/** `keyward sessions`: where users are signed in on the pages. */
export function sessions(terminal: Terminal): Command {
  const noun = new Command('sessions').description('where the users of an organization (--org) are signed in');

  noun
    .command('list <username>')
    .description("list a user's sessions")
    .addHelpText('after', examples('sessions list john@johns.org --org johnsorg'))
    .action((username: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = path`organizations/${session.organization}/users/${username}/sessions`;
        session.list(await session.api.list<Session>(url), sessionColumns);
      }),
    );

  noun
    .command('end <username>')
    .description('end the sessions of a user and what they gave, or one session; `users sign-out` ends everything')
    .option('--session <id>', 'only of this one')
    .addHelpText('after', examples('sessions end john@johns.org --org johnsorg'))
    .action((username: string, { session: id }: { session?: string }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const { organization } = session;
        const all = path`organizations/${organization}/users/${username}/sessions`;
        await session.api.delete(id ? path`organizations/${organization}/users/${username}/sessions/${id}` : all);
        session.done(id ? `Ended session ${id} of ${username}.` : `Ended the sessions of ${username}.`);
      }),
    );

  return noun;
}

/** `keyward consents`: what users have let applications have. */
export function consents(terminal: Terminal): Command {
  const noun = new Command('consents').description('what the users of an organization (--org) let applications have');

  noun
    .command('list <username>')
    .description("list a user's consents")
    .addHelpText('after', examples('consents list john@johns.org --org johnsorg'))
    .action((username: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = path`organizations/${session.organization}/users/${username}/consents`;
        session.list(await session.api.list<Consent>(url), consentColumns);
      }),
    );

  noun
    .command('withdraw <username> <consumer-key>')
    .description('take a consent back, and end the tokens that the application has of it')
    .addHelpText('after', examples('consents withdraw john@johns.org wU62DjlyDBnq87GlBwplfqvmAbAa --org johnsorg'))
    .action((username: string, consumerKey: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(path`organizations/${session.organization}/users/${username}/consents/${consumerKey}`);
        session.done(`Withdrew the consent of ${username} to ${consumerKey}.`);
      }),
    );

  return noun;
}
