import { type CreatedUser, type User } from '@keyward/contracts';
import { Command } from 'commander';
import { path } from '../api';
import { changes, commaSeparated, examples, jsonObject } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { readSecrets, type Terminal } from '../terminal';

const columns: Columns<User> = {
  Username: ({ username }) => username,
  State: ({ state }) => state,
  Roles: ({ roles }) => roles,
  Profile: ({ profile }) => Object.entries(profile).map(([claim, value]) => `${claim}: ${JSON.stringify(value)}`),
  'Locked until': ({ lockedUntil }) => lockedUntil,
  Created: ({ createdAt }) => createdAt,
};

const PROFILE = `users update john@johns.org --org johnsorg --profile '{"name":"John Doe"}'`;

const STATES = [
  ['disable', 'disabled', 'refuse a user all tokens until enabled again'],
  ['enable', 'active', 'let a disabled or pending user sign in'],
] as const;

const userPath = (session: Session, username: string) => path`organizations/${session.organization}/users/${username}`;

/** A generated password is in this answer and nowhere else. */
function showCreated(session: Session, created: CreatedUser): void {
  session.show(created, {
    ...Object.fromEntries(Object.entries(columns).map(([heading, value]) => [heading, ({ user }) => value(user)])),
    ...(created.password === undefined ? {} : { Password: ({ password }) => password }),
  });
  if (created.password !== undefined) session.note('The password is shown this once.');
}

/** `keyward users`: who can sign in to an organization. */
export function users(terminal: Terminal): Command {
  const noun = new Command('users').description('the users of an organization (--org)');
  const passwordFromStdin = async ({ passwordStdin }: { passwordStdin?: boolean }) =>
    passwordStdin ? (await readSecrets(terminal, ['password']))[0] : undefined;

  noun
    .command('create <username>')
    .description('create a user; the password is generated and shown once, unless it is given')
    .option('--roles <roles>', 'comma-separated', commaSeparated)
    .option('--password-stdin', 'read the password from standard input')
    .option('--pending', 'may not sign in before it is enabled')
    .addHelpText('after', examples('users create john@johns.org --org johnsorg --roles admin'))
    .action(
      (username: string, options: { roles?: string[]; passwordStdin?: boolean; pending?: boolean }, command: Command) =>
        inSession(terminal, command, async (session) => {
          const url = path`organizations/${session.organization}/users`;
          const password = await passwordFromStdin(options);
          const state = options.pending ? 'pending' : undefined;
          showCreated(session, await session.api.post(url, { username, password, state, roles: options.roles }));
        }),
    );

  noun
    .command('list')
    .description('list the users')
    .addHelpText('after', examples('users list --org johnsorg'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.list(await session.api.list<User>(path`organizations/${session.organization}/users`), columns),
      ),
    );

  noun
    .command('show <username>')
    .description('show one user')
    .addHelpText('after', examples('users show john@johns.org --org johnsorg'))
    .action((username: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.get<User>(userPath(session, username)), columns),
      ),
    );

  noun
    .command('update <username>')
    .description("replace a user's roles or profile")
    .option('--roles <roles>', 'comma-separated; an empty text takes all away', commaSeparated)
    .option('--profile <json>', 'the standard claims of OpenID Connect: name, email and others', jsonObject)
    .addHelpText('after', examples('users update john@johns.org --org johnsorg --roles admin,developer', PROFILE))
    .action((username: string, { roles, profile }: { roles?: string[]; profile?: object }, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.patch<User>(userPath(session, username), changes({ roles, profile })), columns),
      ),
    );

  for (const [verb, state, description] of STATES)
    noun
      .command(`${verb} <username>`)
      .description(description)
      .addHelpText('after', examples(`users ${verb} john@johns.org --org johnsorg`))
      .action((username: string, _options: object, command: Command) =>
        inSession(terminal, command, async (session) =>
          session.show(await session.api.patch<User>(userPath(session, username), { state }), columns),
        ),
      );

  noun
    .command('unlock <username>')
    .description('open an account that wrong passwords have closed')
    .addHelpText('after', examples('users unlock john@johns.org --org johnsorg'))
    .action((username: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.post<User>(`${userPath(session, username)}/unlock`), columns),
      ),
    );

  noun
    .command('reset-password <username>')
    .description("replace a user's password; the tokens from before end")
    .option('--password-stdin', 'read the new password from standard input instead of generating one')
    .addHelpText(
      'after',
      examples(
        'users reset-password john@johns.org --org johnsorg',
        'users reset-password john@johns.org --org johnsorg --password-stdin < new-password',
      ),
    )
    .action((username: string, options: { passwordStdin?: boolean }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = `${userPath(session, username)}/reset-password`;
        showCreated(session, await session.api.post(url, { password: await passwordFromStdin(options) }));
      }),
    );

  noun
    .command('sign-out <username>')
    .description('end every token and session of a user, refresh tokens and offline access included')
    .addHelpText('after', examples('users sign-out john@johns.org --org johnsorg'))
    .action((username: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(`${userPath(session, username)}/grants`);
        session.done(`Signed ${username} out everywhere.`);
      }),
    );

  noun
    .command('delete <username>')
    .description('delete a user and everything known of it')
    .addHelpText('after', examples('users delete john@johns.org --org johnsorg'))
    .action((username: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(userPath(session, username));
        session.done(`Deleted ${username}.`);
      }),
    );

  return noun;
}
