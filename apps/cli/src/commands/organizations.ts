import { CLIENT_REGISTRATION, COMPATIBILITY_PROFILES, PKCE, type Organization } from '@keyward/contracts';
import { Command, Option } from 'commander';
import { path } from '../api';
import { changes, examples, onOff } from '../options';
import { type Columns } from '../output';
import { inSession } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<Organization> = {
  Key: ({ key }) => key,
  Name: ({ name }) => name,
  State: ({ state }) => state,
  'Password grant': ({ passwordGrant }) => (passwordGrant ? 'on' : 'off'),
  PKCE: ({ pkce }) => (pkce === 'all' ? 'of all clients' : 'of public clients'),
  Profile: ({ compatibilityProfile }) => compatibilityProfile,
  'High assurance': ({ highAssurance }) => (highAssurance ? 'on' : 'off'),
  Registration: ({ clientRegistration }) => clientRegistration,
  'DPoP nonces': ({ dpopNonce }) => (dpopNonce ? 'on' : 'off'),
  Created: ({ createdAt }) => createdAt,
};

const STATES = [
  ['suspend', 'suspended', 'stop all tokens of an organization until it is activated again'],
  ['activate', 'active', 'take a suspended organization back into service'],
] as const;

/** `keyward organizations`: the tenants of this server. */
export function organizations(terminal: Terminal): Command {
  const noun = new Command('organizations').alias('orgs').description('the organizations of this server');

  noun
    .command('create <key>')
    .description('create an organization; its key is the end of its login names and never changes')
    .option('--name <name>', 'what people call it')
    .addHelpText('after', examples('orgs create johnsorg --name "John and Sons"'))
    .action((key: string, { name }: { name?: string }, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.post<Organization>(path`organizations`, { key, name }), columns),
      ),
    );

  noun
    .command('list')
    .description('list all organizations')
    .addHelpText('after', examples('orgs list', 'orgs list --json'))
    .action((_options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.list(await session.api.list<Organization>(path`organizations`), columns),
      ),
    );

  noun
    .command('show <key>')
    .description('show one organization')
    .addHelpText('after', examples('orgs show johnsorg'))
    .action((key: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.get<Organization>(path`organizations/${key}`), columns),
      ),
    );

  noun
    .command('update <key>')
    .description("change an organization's name or switches")
    .option('--name <name>', 'what people call it')
    .option('--password-grant <on|off>', 'whether its consumer keys may use the password grant', onOff)
    .addOption(new Option('--pkce <clients>', 'which clients must use PKCE to sign users in').choices(PKCE))
    .addOption(
      new Option(
        '--compatibility-profile <profile>',
        "whose words and habits its clients' token requests are answered in",
      ).choices(COMPATIBILITY_PROFILES),
    )
    .option('--high-assurance <on|off>', 'clients with keys of their own alone, every token bound to one', onOff)
    .addOption(
      new Option('--client-registration <to>', 'who may register clients by themselves').choices(CLIENT_REGISTRATION),
    )
    .option('--dpop-nonce <on|off>', 'DPoP proofs need a nonce, so that none is made ahead', onOff)
    .addHelpText(
      'after',
      examples('orgs update johnsorg --password-grant off', 'orgs update johnsorg --compatibility-profile wso2-3.2'),
    )
    .action((key: string, options: Partial<Organization>, command: Command) =>
      inSession(terminal, command, async (session) => {
        const { name, passwordGrant, pkce, compatibilityProfile, highAssurance, clientRegistration, dpopNonce } =
          options;
        const switches = { passwordGrant, pkce, compatibilityProfile, highAssurance, clientRegistration, dpopNonce };
        const body = changes({ name, ...switches });
        session.show(await session.api.patch<Organization>(path`organizations/${key}`, body), columns);
      }),
    );

  for (const [verb, state, description] of STATES)
    noun
      .command(`${verb} <key>`)
      .description(description)
      .addHelpText('after', examples(`orgs ${verb} johnsorg`))
      .action((key: string, _options: object, command: Command) =>
        inSession(terminal, command, async (session) =>
          session.show(await session.api.patch<Organization>(path`organizations/${key}`, { state }), columns),
        ),
      );

  return noun;
}
