import { type ConsumerKey, type GeneratedKey } from '@keyward/contracts';
import { Command, Option } from 'commander';
import { path } from '../api';
import { CommandError } from '../command-error';
import { changes, examples, seconds } from '../options';
import { inSession, type Session } from '../session';
import { readSecrets, type Terminal } from '../terminal';
import { columns, details, settings, withSettings, type Settings } from './key-settings';

const STATES = [
  ['disable', 'disabled', 'refuse a consumer key new tokens, and its tokens at introspection, until enabled again'],
  ['enable', 'active', 'take a disabled consumer key back into service'],
] as const;

interface Generation extends Settings {
  kind: 'production' | 'sandbox';
  public?: boolean;
  consumerKey?: string;
  consumerSecretStdin?: boolean;
}

const keyPath = (session: Session, consumerKey: string) =>
  path`organizations/${session.organization}/keys/${consumerKey}`;

/** A secret is in this answer and nowhere else. */
function showGenerated(session: Session, generated: GeneratedKey): void {
  session.show(generated, {
    ...Object.fromEntries(Object.entries(details).map(([heading, value]) => [heading, ({ key }) => value(key)])),
    ...(generated.consumerSecret === undefined
      ? {}
      : { 'Consumer secret': ({ consumerSecret }: GeneratedKey) => consumerSecret }),
  });
  if (generated.consumerSecret !== undefined) session.note('The consumer secret is shown this once.');
}

/** `keyward keys`: the consumer keys of applications. */
export function keys(terminal: Terminal): Command {
  const noun = new Command('keys').description("the consumer keys of an organization's applications (--org)");

  withSettings(noun.command('generate <application>'))
    .description('generate a consumer key and secret, or import a pair that another server generated')
    .addOption(new Option('--kind <kind>', 'what it is for').choices(['production', 'sandbox']).default('production'))
    .option('--public', 'a client that cannot keep a secret, and has none')
    .option('--consumer-key <key>', 'import this consumer key')
    .option('--consumer-secret-stdin', 'with its secret from standard input')
    .addHelpText(
      'after',
      examples(
        'keys generate shop --org johnsorg',
        'keys generate shop --org johnsorg --kind sandbox --token-type opaque --grant-types client_credentials',
        'keys generate shop --org johnsorg --public --redirect-uris https://shop.example/callback',
        'keys generate shop --org johnsorg --consumer-key wU62DjlyDBnq87GlBwplfqvmAbAa --consumer-secret-stdin < secret',
      ),
    )
    .action((application: string, options: Generation, command: Command) =>
      inSession(terminal, command, async (session) => {
        const url = path`organizations/${session.organization}/applications/${application}/keys`;
        const { kind, consumerKey } = options;
        if (options.consumerSecretStdin && !consumerKey)
          throw new CommandError('A secret is imported with its key: give --consumer-key as well.', 2);
        const [consumerSecret] = options.consumerSecretStdin ? await readSecrets(terminal, ['consumer secret']) : [];
        const body = { kind, public: options.public, consumerKey, consumerSecret, ...settings(options) };
        showGenerated(session, await session.api.post(url, body));
      }),
    );

  noun
    .command('list')
    .description('list the consumer keys')
    .option('--application <name>', 'only those of this application')
    .addHelpText('after', examples('keys list --org johnsorg', 'keys list --org johnsorg --application shop'))
    .action(({ application }: { application?: string }, command: Command) =>
      inSession(terminal, command, async (session) => {
        const { organization } = session;
        const url = application
          ? path`organizations/${organization}/applications/${application}/keys`
          : path`organizations/${organization}/keys`;
        session.list(await session.api.list<ConsumerKey>(url), columns);
      }),
    );

  noun
    .command('show <consumer-key>')
    .description('show one consumer key; never its secret')
    .addHelpText('after', examples('keys show wU62DjlyDBnq87GlBwplfqvmAbAa --org johnsorg'))
    .action((consumerKey: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) =>
        session.show(await session.api.get<ConsumerKey>(keyPath(session, consumerKey)), details),
      ),
    );

  withSettings(noun.command('update <consumer-key>'))
    .description("change a consumer key's settings")
    .addHelpText(
      'after',
      examples(
        'keys update wU62DjlyDBnq87GlBwplfqvmAbAa --org johnsorg --token-type opaque',
        'keys update wU62DjlyDBnq87GlBwplfqvmAbAa --org johnsorg --token-endpoint-auth-method private_key_jwt --jwks-file keys.json',
      ),
    )
    .action((consumerKey: string, options: Settings, command: Command) =>
      inSession(terminal, command, async (session) => {
        const body = changes(settings(options));
        session.show(await session.api.patch<ConsumerKey>(keyPath(session, consumerKey), body), details);
      }),
    );

  for (const [verb, state, description] of STATES)
    noun
      .command(`${verb} <consumer-key>`)
      .description(description)
      .addHelpText('after', examples(`keys ${verb} wU62DjlyDBnq87GlBwplfqvmAbAa --org johnsorg`))
      .action((consumerKey: string, _options: object, command: Command) =>
        inSession(terminal, command, async (session) =>
          session.show(await session.api.patch<ConsumerKey>(keyPath(session, consumerKey), { state }), details),
        ),
      );

  noun
    .command('rotate-secret <consumer-key>')
    .description('generate a new secret; those before stay valid for a while')
    .option('--overlap <seconds>', 'for how long; 0 ends them now, a day when not given', seconds)
    .addHelpText('after', examples('keys rotate-secret wU62DjlyDBnq87GlBwplfqvmAbAa --org johnsorg --overlap 3600'))
    .action((consumerKey: string, { overlap }: { overlap?: number }, command: Command) =>
      inSession(terminal, command, async (session) =>
        showGenerated(session, await session.api.post(`${keyPath(session, consumerKey)}/rotate-secret`, { overlap })),
      ),
    );

  noun
    .command('delete <consumer-key>')
    .description(
      'delete a consumer key; its tokens end, but to who verifies JWTs by itself they live until they expire',
    )
    .addHelpText('after', examples('keys delete wU62DjlyDBnq87GlBwplfqvmAbAa --org johnsorg'))
    .action((consumerKey: string, _options: object, command: Command) =>
      inSession(terminal, command, async (session) => {
        await session.api.delete(keyPath(session, consumerKey));
        session.done(`Deleted ${consumerKey}.`);
      }),
    );

  return noun;
}
