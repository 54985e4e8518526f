import { type ApiKey, type GeneratedApiKey } from '@keyward/contracts';
import { Command, Option } from 'commander';
import { path } from '../api';
import { changes, commaSeparated, examples } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { type Terminal } from '../terminal';

const columns: Columns<ApiKey> = {
  Id: ({ id }) => id,
  Name: ({ name }) => name,
  Kind: ({ kind }) => kind,
  State: ({ state }) => state,
  From: ({ addresses }) => addresses.join(', '),
  Referrers: ({ referrers }) => referrers.join(', '),
  Expires: ({ expiresAt }) => expiresAt,
};

interface Limits {
  name?: string;
  addresses?: string[];
  referrers?: string[];
  expires?: string;
}

const withLimits = (command: Command): Command =>
  command
    .option('--name <name>', 'what it is for')
    .option('--addresses <list>', 'where it may come from: 192.0.2.0/24,2001:db8::1', commaSeparated)
    .option('--referrers <list>', 'which pages may send it: johns.org/shop/*,*.johns.org', commaSeparated)
    .option('--expires <time>', 'when it ends, ISO 8601; empty: never');
const limits = ({ name, addresses, referrers, expires }: Limits) => ({
  ...{ name, addresses, referrers },
  expiresAt: expires === undefined ? undefined : expires || null,
});

const keysPath = (session: Session, application: string) =>
  path`organizations/${session.organization}/applications/${application}/api-keys`;
const keyPath = (session: Session, application: string, id: string) =>
  path`organizations/${session.organization}/applications/${application}/api-keys/${id}`;

/** `keyward api-keys`: keys that open APIs by themselves. */
export function apiKeys(terminal: Terminal): Command {
  const noun = new Command('api-keys').description('the API keys of an application (--org)');

  withLimits(noun.command('generate <application>'))
    .addOption(new Option('--kind <kind>', 'production by default').choices(['production', 'sandbox']))
    .description('generate an API key, which is shown this once')
    .addHelpText('after', examples('api-keys generate shop --org johnsorg --addresses 192.0.2.0/24'))
    .action((application: string, options: Limits & { kind?: string }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const body = { kind: options.kind, ...limits(options) };
        const made = await session.api.post<GeneratedApiKey>(keysPath(session, application), body);
        session.show(made, {
          ...Object.fromEntries(
            Object.entries(columns).map(([name, of]) => [name, (all: GeneratedApiKey) => of(all.key)]),
          ),
          'API key': ({ apiKey }) => apiKey,
        });
        session.note('The API key is shown this once.');
      }),
    );

  noun
    .command('list <application>')
    .description('list the API keys of an application')
    .addHelpText('after', examples('api-keys list shop --org johnsorg'))
    .action((application: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.list(await session.api.list<ApiKey>(keysPath(session, application)), columns),
      ),
    );

  withLimits(noun.command('update <application> <id>'))
    .addOption(new Option('--state <state>', 'disabled: it opens nothing').choices(['active', 'disabled']))
    .description('change an API key, or disable it')
    .addHelpText('after', examples('api-keys update shop 5f0c… --org johnsorg --state disabled'))
    .action((application: string, id: string, options: Limits & { state?: string }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const body = changes({ state: options.state, ...limits(options) });
        session.show(await session.api.patch<ApiKey>(keyPath(session, application, id), body), columns);
      }),
    );

  noun
    .command('delete <application> <id>')
    .description('delete an API key; it opens nothing from then on')
    .addHelpText('after', examples('api-keys delete shop 5f0c… --org johnsorg'))
    .action((application: string, id: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(keyPath(session, application, id));
        session.done(`Deleted ${id}.`);
      }),
    );

  return noun;
}
