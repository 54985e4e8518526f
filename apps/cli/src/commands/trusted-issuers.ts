import { type TrustedIssuer, type User } from '@keyward/contracts';
import { Command } from 'commander';
import { path } from '../api';
import { CommandError } from '../command-error';
import { changes, examples, readJson } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<TrustedIssuer> = {
  Name: ({ name }) => name,
  Issuer: ({ issuer }) => issuer,
  'Public keys': ({ jwks, jwksUri }) => jwksUri ?? jwks?.keys.map(({ kid, kty }) => kid ?? kty),
  Users: ({ users }) => users.map(({ subject, userId }) => `${subject} is ${userId}`),
  Created: ({ createdAt }) => createdAt,
};

interface Keys {
  jwksFile?: string;
  jwksUri?: string;
}

const keysOf = ({ jwksFile, jwksUri }: Keys) => ({
  jwks: jwksFile === undefined ? undefined : readJson(jwksFile),
  jwksUri,
});
const withKeys = (command: Command): Command =>
  command
    .option('--jwks-file <file>', 'a JWK set of its public keys')
    .option('--jwks-uri <url>', 'or where that set is fetched from');

const issuerPath = (session: Session, name: string) =>
  path`organizations/${session.organization}/trusted-issuers/${name}`;

/** `keyward trusted-issuers`: whose assertions are taken for users of an organization. */
export function trustedIssuers(terminal: Terminal): Command {
  const noun = new Command('trusted-issuers').description(
    'the issuers whose assertions are taken for users of an organization (--org)',
  );

  withKeys(noun.command('create <name> <issuer>'))
    .description('trust an issuer; it speaks for nobody until users are linked')
    .addHelpText(
      'after',
      examples('trusted-issuers create hr https://hr.example --jwks-uri https://hr.example/jwks --org johnsorg'),
    )
    .action((name: string, issuer: string, options: Keys, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = path`organizations/${session.organization}/trusted-issuers`;
        session.show(await session.api.post<TrustedIssuer>(url, { name, issuer, ...keysOf(options) }), columns);
      }),
    );

  noun
    .command('list')
    .description('list the trusted issuers')
    .addHelpText('after', examples('trusted-issuers list --org johnsorg'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = path`organizations/${session.organization}/trusted-issuers`;
        session.list(await session.api.list<TrustedIssuer>(url), columns);
      }),
    );

  noun
    .command('show <name>')
    .description('show one trusted issuer')
    .addHelpText('after', examples('trusted-issuers show hr --org johnsorg'))
    .action((name: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.get<TrustedIssuer>(issuerPath(session, name)), columns),
      ),
    );

  withKeys(noun.command('update <name>'))
    .description('give a trusted issuer other keys')
    .addHelpText('after', examples('trusted-issuers update hr --jwks-file keys.json --org johnsorg'))
    .action((name: string, options: Keys, command: Command) =>
      inSession(terminal, command, async (session) => {
        const body = changes(keysOf(options));
        session.show(await session.api.patch<TrustedIssuer>(issuerPath(session, name), body), columns);
      }),
    );

  noun
    .command('link <name> <subject> <username>')
    .description('say which user its name for somebody means')
    .addHelpText('after', examples('trusted-issuers link hr 4711 ann@johns.org --org johnsorg'))
    .action((name: string, subject: string, username: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const { organization } = session;
        const user = await session.api.get<User>(path`organizations/${organization}/users/${username}`);
        await relink(session, name, (users) => [
          ...users.filter((linked) => linked.subject !== subject),
          { subject, userId: user.id },
        ]);
      }),
    );

  noun
    .command('unlink <name> <subject>')
    .description('take that back')
    .addHelpText('after', examples('trusted-issuers unlink hr 4711 --org johnsorg'))
    .action((name: string, subject: string, _options: object, command: Command) =>
      inSession(terminal, command, (session) =>
        relink(session, name, (users) => {
          const left = users.filter((linked) => linked.subject !== subject);
          if (left.length === users.length) throw new CommandError(`${subject} is not linked.`);
          return left;
        }),
      ),
    );

  noun
    .command('delete <name>')
    .description('trust an issuer no more; tokens that it brought about live until they expire')
    .addHelpText('after', examples('trusted-issuers delete hr --org johnsorg'))
    .action((name: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(issuerPath(session, name));
        session.done(`Deleted ${name}.`);
      }),
    );

  return noun;
}

async function relink(
  session: Session,
  name: string,
  change: (users: TrustedIssuer['users']) => TrustedIssuer['users'],
): Promise<void> {
  const { users } = await session.api.get<TrustedIssuer>(issuerPath(session, name));
  session.show(await session.api.patch<TrustedIssuer>(issuerPath(session, name), { users: change(users) }), columns);
}
