import { type TrustedIssuer, type User } from '@keyward/contracts';
import { Command, InvalidArgumentError } from 'commander';
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
  Audience: ({ access }) => access?.audience,
  Clients: ({ access }) => access?.clients.map(({ client, consumerKey }) => `${client} is ${consumerKey}`),
  Scopes: ({ access }) => access?.scopes.map(({ scope, as }) => `${scope} is ${as}`),
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

interface Access {
  audience?: string;
  client?: [string, string][];
  scope?: [string, string][];
  clientClaim?: string;
  scopeClaim?: string;
  anyType?: true;
  none?: true;
}

/** `theirs=ours`, as often as it is given; an equals sign in theirs belongs to theirs. */
function mapped(value: string, before: [string, string][] = []): [string, string][] {
  const at = value.lastIndexOf('=');
  if (at < 1 || at === value.length - 1) throw new InvalidArgumentError('Say theirs=ours.');
  return [...before, [value.slice(0, at), value.slice(at + 1)]];
}

function accessOf({ audience, client = [], scope = [], clientClaim, scopeClaim, anyType, none }: Access) {
  if (none) return null;
  if (audience === undefined) throw new CommandError('Say --audience, or --none.', 2);
  return {
    ...{ audience, clientClaim, scopeClaim, anyType },
    clients: client.map(([theirs, consumerKey]) => ({ client: theirs, consumerKey })),
    scopes: scope.map(([theirs, as]) => ({ scope: theirs, as })),
  };
}

const issuerPath = (session: Session, name: string) =>
  path`organizations/${session.organization}/trusted-issuers/${name}`;

/** `keyward trusted-issuers`: whose assertions are taken for users of an organization, and whose access tokens open its APIs. */
export function trustedIssuers(terminal: Terminal): Command {
  const noun = new Command('trusted-issuers').description(
    'other issuers whose assertions stand for users of an organization, or whose access tokens open its APIs (--org)',
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
    .description('say which user its name for somebody means; 500 for an issuer at most')
    .addHelpText('after', examples('trusted-issuers link hr 4711 ann@johns.org --org johnsorg'))
    .action((name: string, subject: string, username: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const { organization } = session;
        const user = await session.api.get<User>(path`organizations/${organization}/users/${username}`);
        const link = { subject, userId: user.id };
        session.show(await session.api.post<TrustedIssuer>(`${issuerPath(session, name)}/users`, link), columns);
      }),
    );

  noun
    .command('unlink <name> <subject>')
    .description('take that back')
    .addHelpText('after', examples('trusted-issuers unlink hr 4711 --org johnsorg'))
    .action((name: string, subject: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const link = path`organizations/${session.organization}/trusted-issuers/${name}/users/${subject}`;
        await session.api.delete(link);
        session.show(await session.api.get<TrustedIssuer>(issuerPath(session, name)), columns);
      }),
    );

  noun
    .command('tokens <name>')
    .description('say what its access tokens open; takes the place of what was said before')
    .option('--audience <audience>', 'what their aud must have in it')
    .option('--client <theirs=ours>', 'a client of its own, and the consumer key that it calls as; repeatable', mapped)
    .option('--scope <theirs=ours>', 'a scope of its own, and the one that it stands for; repeatable', mapped)
    .option('--client-claim <claim>', 'the claim with the client; client_id by default')
    .option('--scope-claim <claim>', 'the claim with the scopes; scope by default')
    .option('--any-type', 'take tokens of the type JWT, or of none, as well as at+jwt')
    .option('--none', 'they open nothing')
    .addHelpText(
      'after',
      examples(
        'trusted-issuers tokens hr --audience https://api.johns.org --client hr-app=abc123 --scope hr:read=read --org johnsorg',
        'trusted-issuers tokens hr --none --org johnsorg',
      ),
    )
    .action((name: string, options: Access, command: Command) =>
      inSession(terminal, command, async (session) => {
        const body = { access: accessOf(options) };
        session.show(await session.api.patch<TrustedIssuer>(issuerPath(session, name), body), columns);
      }),
    );

  noun
    .command('delete <name>')
    .description(
      'trust an issuer no more; its own tokens open nothing, those given for its assertions live until they expire',
    )
    .addHelpText('after', examples('trusted-issuers delete hr --org johnsorg'))
    .action((name: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(issuerPath(session, name));
        session.done(`Deleted ${name}.`);
      }),
    );

  return noun;
}
