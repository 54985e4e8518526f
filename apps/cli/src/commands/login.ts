import { ADMIN_SCOPE, MANAGEMENT_SCOPE, PUBLISHER_SCOPE } from '@keyward/contracts';
import { Command } from 'commander';
import { CommandError } from '../command-error';
import { mayManage, signIn, signOut } from '../login';
import { type Login } from '../login-file';
import { examples } from '../options';
import { inSession } from '../session';
import { type Terminal } from '../terminal';

/** `keyward login`: for people; scripts have the operator's secrets in their environment. */
export function login(terminal: Terminal): Command {
  return new Command('login')
    .description('sign in by a browser, to manage what your roles allow')
    .addHelpText('after', examples('login', 'login --url https://keyward.example'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const { api, logins } = session;
        const signedIn = await signIn(api.http, logins, (waiting) => {
          session.note(`Open ${waiting.verification_uri} and type ${waiting.user_code}, or go to`);
          session.note(`  ${waiting.verification_uri_complete}`);
          session.note('and see that it shows the same code. Waiting …');
        });
        if (!mayManage(signedIn))
          throw new CommandError(
            `You may not manage anything in ${signedIn.organization}: ask its admins for the role admin or publisher.`,
          );
        session.done(`Signed in: you manage ${whatOf(signedIn)}.`);
      }),
    );
}

/** `keyward logout`. */
export function logout(terminal: Terminal): Command {
  return new Command('logout')
    .description('end the sign-in of this computer')
    .addHelpText('after', examples('logout'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const { api, logins } = session;
        const known = logins.of(api.http.server.url);
        if (!known) throw new CommandError(`Nobody is signed in at ${api.http.server.url}.`);
        await signOut(api.http, logins, known);
        session.done('Signed out.');
      }),
    );
}

function whatOf({ organization, scope }: Login): string {
  const scopes = scope.split(' ');
  if (scopes.includes(MANAGEMENT_SCOPE)) return 'every organization';
  if (scopes.includes(ADMIN_SCOPE)) return `the organization ${organization}`;
  if (scopes.includes(PUBLISHER_SCOPE)) return `the APIs of ${organization}`;
  return 'nothing';
}
