import { type CreatedInitialAccessToken, type InitialAccessToken } from '@keyward/contracts';
import { Command } from 'commander';
import { path } from '../api';
import { examples, seconds } from '../options';
import { type Columns } from '../output';
import { inSession } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<InitialAccessToken> = {
  Id: ({ id }) => id,
  For: ({ description }) => description,
  Uses: ({ uses, maxUses }) => `${uses} of ${maxUses}`,
  Expires: ({ expiresAt }) => expiresAt,
  Created: ({ createdAt }) => createdAt,
};

/** `keyward initial-access-tokens`: who may register clients at an organization. */
export function initialAccessTokens(terminal: Terminal): Command {
  const noun = new Command('initial-access-tokens').description(
    'the tokens that let clients register themselves at an organization (--org)',
  );

  noun
    .command('create')
    .description('make one, which is shown this once')
    .option('--description <text>', 'whom it is for')
    .option('--max-uses <number>', 'how many clients it may register, 1 by default', (value) => seconds(value))
    .option('--lifetime <seconds>', 'how long, a day by default', seconds)
    .addHelpText(
      'after',
      examples('initial-access-tokens create --org johnsorg --description "the shop team" --max-uses 5'),
    )
    .action((options: { description?: string; maxUses?: number; lifetime?: number }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const { description, maxUses, lifetime } = options;
        const url = path`organizations/${session.organization}/initial-access-tokens`;
        const made = await session.api.post<CreatedInitialAccessToken>(url, { description, maxUses, lifetime });
        session.show(made, {
          ...Object.fromEntries(
            Object.entries(columns).map(([name, of]) => [name, (all: CreatedInitialAccessToken) => of(all.token)]),
          ),
          'Initial access token': ({ initialAccessToken }) => initialAccessToken,
        });
        session.note('The initial access token is shown this once.');
      }),
    );

  noun
    .command('list')
    .description('list them, those that are over too for some weeks')
    .addHelpText('after', examples('initial-access-tokens list --org johnsorg'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = path`organizations/${session.organization}/initial-access-tokens`;
        session.list(await session.api.list<InitialAccessToken>(url), columns);
      }),
    );

  noun
    .command('revoke <id>')
    .description('let no more clients register with one; those that have stay')
    .addHelpText('after', examples('initial-access-tokens revoke 0198c5c4-7b1d-7f6e-9d3a-2f4f0a5f7c11 --org johnsorg'))
    .action((id: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(path`organizations/${session.organization}/initial-access-tokens/${id}`);
        session.done(`Revoked ${id}.`);
      }),
    );

  return noun;
}
