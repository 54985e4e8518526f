import {
  ACCESS_TOKEN_POLICIES,
  AUTH_METHODS,
  GRANT_TYPES,
  SIGNING_ALGORITHMS,
  TOKEN_BINDINGS,
  type ConsumerKey,
  type GeneratedKey,
  type UpdateKey,
} from '@keyward/contracts';
import { Command, Option } from 'commander';
import { path } from '../api';
import { CommandError } from '../command-error';
import { changes, commaSeparated, examples, onOff, readJson, seconds } from '../options';
import { type Columns } from '../output';
import { inSession, type Session } from '../session';
import { readSecrets, type Terminal } from '../terminal';

const columns: Columns<ConsumerKey> = {
  'Consumer key': ({ consumerKey }) => consumerKey,
  Application: ({ application }) => application,
  Kind: ({ kind }) => kind,
  State: ({ state }) => state,
  'Grant types': ({ grantTypes }) => grantTypes,
  'Token type': ({ tokenType }) => tokenType,
  'Client authentication': ({ tokenEndpointAuthMethod }) => tokenEndpointAuthMethod,
};

const details: Columns<ConsumerKey> = {
  ...columns,
  'Allowed origins': ({ allowedOrigins }) => allowedOrigins,
  'Public keys': ({ jwks, jwksUri }) => jwksUri ?? jwks?.keys.map(({ kid, kty }) => kid ?? kty),
  'Certificate of': ({ certificateSubject }) => Object.values(certificateSubject ?? {}).join(),
  'Tokens are bound to': ({ tokenBinding }) => tokenBinding,
  'Rotate refresh tokens': ({ rotateRefreshTokens }) => rotateRefreshTokens,
  'Access tokens': ({ accessTokenPolicy }) => accessTokenPolicy,
  'Access token lifetime': ({ accessTokenLifetime }) => accessTokenLifetime ?? "the server's",
  'Refresh token lifetime': ({ refreshTokenLifetime }) => refreshTokenLifetime ?? "the server's",
  'Password grant until': ({ passwordGrantSunset }) => passwordGrantSunset,
  'Application type': ({ applicationType }) => applicationType,
  'Redirect URIs': ({ redirectUris }) => redirectUris,
  'Post-logout redirect URIs': ({ postLogoutRedirectUris }) => postLogoutRedirectUris,
  'Told of logouts at': ({ backchannelLogoutUri }) => backchannelLogoutUri ?? 'nowhere',
  'ID tokens': ({ idTokenSignedResponseAlg }) => idTokenSignedResponseAlg,
  UserInfo: ({ userinfoSignedResponseAlg }) => userinfoSignedResponseAlg ?? 'JSON',
  Secrets: ({ secrets }) =>
    secrets.map(({ createdAt, expiresAt }) => `of ${createdAt} until ${expiresAt ?? 'replaced'}`),
  Created: ({ createdAt }) => createdAt,
};

const STATES = [
  ['disable', 'disabled', 'refuse a consumer key new tokens, and its tokens at introspection, until enabled again'],
  ['enable', 'active', 'take a disabled consumer key back into service'],
] as const;

interface Settings extends Omit<UpdateKey, 'organizationId' | 'consumerKey' | 'state' | 'jwks' | 'certificateSubject'> {
  certificateSubject?: string;
  jwksFile?: string;
  idTokenAlg?: UpdateKey['idTokenSignedResponseAlg'];
  userinfoAlg?: UpdateKey['userinfoSignedResponseAlg'];
}

interface Generation extends Settings {
  kind: 'production' | 'sandbox';
  public?: boolean;
  consumerKey?: string;
  consumerSecretStdin?: boolean;
}

/** The settings that generate and update share. */
const withSettings = (command: Command): Command =>
  command
    .option('--grant-types <types>', `comma-separated: ${GRANT_TYPES.join(', ')}`, commaSeparated)
    .addOption(new Option('--token-type <type>', 'the form of its access tokens').choices(['jwt', 'opaque']))
    .addOption(
      new Option('--token-endpoint-auth-method <method>', 'how it proves itself').choices(
        AUTH_METHODS.filter((method) => method !== 'none'),
      ),
    )
    .option('--jwks-file <file>', 'a JWK set of its public keys, for private_key_jwt')
    .option(
      '--allowed-origins <origins>',
      'comma-separated: of pages whose scripts may ask as this client',
      commaSeparated,
    )
    .option('--jwks-uri <url>', 'or where that set is fetched from')
    .option('--certificate-subject <dn>', 'whom its certificate names, for tls_client_auth: CN=shop,O=John and Sons')
    .addOption(new Option('--token-binding <to>', 'what its tokens must be bound to').choices(TOKEN_BINDINGS))
    .option('--rotate-refresh-tokens <on|off>', 'replace a refresh token on every use', onOff)
    .addOption(
      new Option(
        '--access-token-policy <policy>',
        'what a request does to the tokens of the same user and scopes: nothing, give them out again, or end them',
      ).choices(ACCESS_TOKEN_POLICIES),
    )
    .option('--access-token-lifetime <seconds>', 'how long access tokens live', seconds)
    .option('--refresh-token-lifetime <seconds>', 'how long refresh tokens live', seconds)
    .option('--password-grant-sunset <date>', 'when its password grant ends, ISO 8601')
    .addOption(new Option('--application-type <type>', 'where it runs').choices(['web', 'native']))
    .option('--redirect-uris <uris...>', 'where users are sent back to after signing in; replaces those before')
    .option('--post-logout-redirect-uris <uris...>', 'where they may be sent after signing out')
    .option('--backchannel-logout-uri <url>', 'where it is told that a session has ended; an empty one: nowhere')
    .addOption(new Option('--id-token-alg <alg>', 'how its ID tokens are signed').choices(SIGNING_ALGORITHMS))
    .option('--userinfo-alg <alg>', 'UserInfo as a JWT signed like this; an empty one: plain JSON');

/** What is said as nothing is taken away. */
const orNull = <T extends string>(value: T | '' | null | undefined): T | null | undefined =>
  value === '' ? null : value;

const settings = (options: Settings): Omit<UpdateKey, 'organizationId' | 'consumerKey'> => ({
  grantTypes: options.grantTypes,
  tokenType: options.tokenType,
  tokenEndpointAuthMethod: options.tokenEndpointAuthMethod,
  jwks: options.jwksFile === undefined ? undefined : readJson(options.jwksFile),
  jwksUri: options.jwksUri,
  certificateSubject: options.certificateSubject === undefined ? undefined : { subjectDn: options.certificateSubject },
  tokenBinding: options.tokenBinding,
  allowedOrigins: options.allowedOrigins,
  rotateRefreshTokens: options.rotateRefreshTokens,
  accessTokenPolicy: options.accessTokenPolicy,
  accessTokenLifetime: options.accessTokenLifetime,
  refreshTokenLifetime: options.refreshTokenLifetime,
  passwordGrantSunset: options.passwordGrantSunset,
  applicationType: options.applicationType,
  redirectUris: options.redirectUris,
  postLogoutRedirectUris: options.postLogoutRedirectUris,
  backchannelLogoutUri: orNull(options.backchannelLogoutUri),
  idTokenSignedResponseAlg: options.idTokenAlg,
  userinfoSignedResponseAlg: orNull(options.userinfoAlg),
});

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
