import { GRANT_TYPES, type GrantType } from '@keyward/contracts';
import { Command, Option } from 'commander';
import { CommandError } from '../command-error';
import { type Credentials } from '../demo-file';
import { examples } from '../options';
import { inSession, type Session } from '../session';
import { readSecrets, type Terminal } from '../terminal';

interface TokenOptions {
  grant: GrantType;
  username?: string;
  consumerKey?: string;
  public?: boolean;
  scope?: string;
}

/** `keyward token`: what a client would do. */
export const token = (terminal: Terminal): Command =>
  new Command('token')
    .description('get a token and print the answer as JSON; of the demo organization unless told otherwise')
    .addOption(new Option('--grant <type>', 'how').choices(GRANT_TYPES).default('password'))
    .option('--username <login name>', 'whose, for the password grant')
    .option('--consumer-key <key>', 'by which client')
    .option('--public', 'the client has no secret')
    .option('--scope <scopes>', 'separated by spaces')
    .addHelpText(
      'after',
      `
Secrets come from KEYWARD_CONSUMER_SECRET, KEYWARD_PASSWORD and KEYWARD_REFRESH_TOKEN; else from the home of npm start;
else from standard input, the consumer secret on the first line, the password or refresh token on the next.
${examples(
  'token',
  'token --grant client_credentials',
  'token --grant refresh_token < refresh-token',
  'token --username ann@acme --consumer-key wU62DjlyDBnq87GlBwplfqvmAbAa < secrets',
)}`,
    )
    .action((options: TokenOptions, command: Command) =>
      inSession(terminal, command, async (session) => {
        const org = command.optsWithGlobals<{ org?: string }>().org;
        const endpoint = org === undefined ? '/token' : `/t/${encodeURIComponent(org)}/oauth2/token`;
        const { form, clientId, clientSecret } = await request(terminal, session, options);
        const answer = await session.api.http.form(endpoint, form, clientId, clientSecret);
        if (answer.status !== 200) throw new CommandError(refusal(answer.status, answer.body));
        session.json(answer.body as object);
      }),
    );

interface Request {
  form: Record<string, string>;
  clientId: string;
  clientSecret?: string;
}

async function request(terminal: Terminal, session: Session, options: TokenOptions): Promise<Request> {
  const { grant, scope } = options;
  const demo: Partial<Credentials> = session.connection.demo ?? {};
  const clientId = options.consumerKey ?? demo.consumerKey;
  const username = options.username ?? demo.username;
  if (!clientId) throw new CommandError('Which client? Give --consumer-key.', 2);
  if (grant === 'password' && !username) throw new CommandError('Whose token? Give --username.', 2);

  const { env } = terminal;
  const secrets: Record<string, string | undefined> = {};
  if (!options.public)
    secrets['consumer secret'] =
      env['KEYWARD_CONSUMER_SECRET'] ?? (clientId === demo.consumerKey ? demo.consumerSecret : undefined);
  if (grant === 'password')
    secrets['password'] = env['KEYWARD_PASSWORD'] ?? (username === demo.username ? demo.password : undefined);
  if (grant === 'refresh_token') secrets['refresh token'] = env['KEYWARD_REFRESH_TOKEN'];
  const missing = Object.keys(secrets).filter((name) => secrets[name] === undefined);
  const read = await readSecrets(terminal, missing);
  missing.forEach((name, i) => (secrets[name] = read[i]));

  const form: Record<string, string> = { grant_type: grant };
  if (scope) form['scope'] = scope;
  if (grant === 'password') Object.assign(form, { username, password: secrets['password'] });
  if (grant === 'refresh_token') Object.assign(form, { refresh_token: secrets['refresh token'] });
  return { form, clientId, clientSecret: secrets['consumer secret'] };
}

function refusal(status: number, body: unknown): string {
  const { error, error_description } = (body ?? {}) as { error?: string; error_description?: string };
  return `No token: ${[error, error_description].filter(Boolean).join(', ') || `the server answered ${status}`}.`;
}
