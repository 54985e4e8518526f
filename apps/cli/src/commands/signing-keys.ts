import { type SigningKey, type SigningKeys } from '@keyward/contracts';
import { Command } from 'commander';
import { path } from '../api';
import { CommandError } from '../command-error';
import { examples } from '../options';
import { type Columns } from '../output';
import { inSession } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<SigningKey> = {
  Kid: ({ kid }) => kid,
  Alg: ({ alg }) => alg,
  State: ({ state }) => state,
  Published: ({ publishedAt }) => publishedAt,
  Activates: ({ activatesAt }) => activatesAt,
  Expires: ({ expiresAt }) => expiresAt,
};

/** `keyward signing-keys`: what an organization's tokens are signed with. */
export function signingKeys(terminal: Terminal): Command {
  const noun = new Command('signing-keys').description("the keys that sign an organization's tokens (--org)");

  noun
    .command('list')
    .description('list the published, active and retiring keys')
    .addHelpText('after', examples('signing-keys list --org johnsorg'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = path`organizations/${session.organization}/signing-keys`;
        session.list((await session.api.get<SigningKeys>(url)).keys, columns);
      }),
    );

  noun
    .command('rotate')
    .description('publish a new key; it signs once verifiers have had the time to see it')
    .option(
      '--now',
      'sign with it at once: verifiers that cache the JWKS, another gateway for up to a second, refuse new tokens until they look again',
    )
    .addHelpText('after', examples('signing-keys rotate --org johnsorg'))
    .action(({ now }: { now?: boolean }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = path`organizations/${session.organization}/signing-keys/rotate`;
        session.list((await session.api.post<SigningKeys>(url, { now })).keys, columns);
      }),
    );

  noun
    .command('revoke [kid]')
    .description(
      'destroy a key that somebody else may have: another signs at once, and none of its tokens is taken any more',
    )
    .option('--all', 'every key of the organization')
    .option('--end-grants', 'every refresh token of the organization ends as well: all its users sign in again')
    .addHelpText(
      'after',
      examples('signing-keys revoke zXfR…Q --org johnsorg', 'signing-keys revoke --all --org johnsorg'),
    )
    .action((kid: string | undefined, { all, endGrants }: { all?: boolean; endGrants?: boolean }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const of = session.organization;
        if ((kid === undefined) !== (all === true)) throw new CommandError('Name a key, or --all of them.', 2);
        const list = () => session.api.get<SigningKeys>(path`organizations/${of}/signing-keys`);
        // Those that are there now, the published ones first: none of them is to follow another of them.
        const kids = kid === undefined ? (await list()).keys.map((key) => key.kid) : [kid];
        // What was granted ends with the last of them: however long that takes, no key that somebody has is good any more.
        for (const one of kids)
          await session.api.post(path`organizations/${of}/signing-keys/${one}/revoke`, {
            endGrants: endGrants && one === kids.at(-1),
          });
        session.list((await list()).keys, columns);
      }),
    );

  return noun;
}
