import { Command, CommanderError } from 'commander';
import { CommandError } from './command-error';
import { apiKeys } from './commands/api-keys';
import { apis } from './commands/apis';
import { applications } from './commands/applications';
import { branding } from './commands/branding';
import { denyRules } from './commands/deny-rules';
import { demoCommand } from './commands/demo';
import { initialAccessTokens } from './commands/initial-access-tokens';
import { keyEncryption } from './commands/key-encryption';
import { keys } from './commands/keys';
import { logoutNotices } from './commands/logout-notices';
import { login, logout } from './commands/login';
import { migrate } from './commands/migrate';
import { organizations } from './commands/organizations';
import { plans } from './commands/plans';
import { registeredClients } from './commands/registered-clients';
import { roles } from './commands/roles';
import { scopes } from './commands/scopes';
import { consents, sessions } from './commands/sessions';
import { signingKeys } from './commands/signing-keys';
import { subscribe, subscriptions } from './commands/subscriptions';
import { token } from './commands/token';
import { trustedIssuers } from './commands/trusted-issuers';
import { usage } from './commands/usage';
import { users } from './commands/users';
import { examples } from './options';
import { type Terminal } from './terminal';

const ENVIRONMENT = `
People sign in with keyward login; scripts of the operator by their environment:
  KEYWARD_HOME            the home of npm start, .keyward by default: after npm start nothing else is needed
  KEYWARD_URL             another server
  KEYWARD_CA_FILE         PEM of the authority that its certificate is checked against
  KEYWARD_ADMIN_USERNAME  the operator, admin by default
  KEYWARD_ADMIN_PASSWORD  and the operator's password
  KEYWARD_CLI_SECRET      the secret of the consumer key keyward-cli

Exit codes: 0 done, 1 refused or failed, 2 not understood.`;

/** The whole command, its subcommands and their help. */
export function keyward(terminal: Terminal): Command {
  const program = new Command('keyward')
    .description('Administers a Keyward server.')
    .option('--org <org key>', 'the organization whose users, applications and keys are meant')
    .option('--json', 'print JSON')
    .option('--url <url>', 'the server, instead of KEYWARD_URL')
    .option('--ca-file <file>', "PEM to check the server's certificate against, instead of KEYWARD_CA_FILE")
    .option('--insecure', "do not check the server's certificate")
    .addHelpText(
      'after',
      examples('login', 'orgs list', 'users create ann@johns.org --org johnsorg', 'token') + '\n' + ENVIRONMENT,
    );
  const ofKeys = [keyEncryption, initialAccessTokens, registeredClients];
  const ofApis = [apis, scopes, plans, subscribe, subscriptions, denyRules, usage];
  const commands = [
    ...[organizations, branding, users, roles, sessions, logoutNotices, consents, applications, keys, apiKeys],
    ...[...ofApis, signingKeys, trustedIssuers, login, logout, token, demoCommand, migrate],
    ...ofKeys,
  ];
  for (const command of commands) program.addCommand(command(terminal));
  prepare(program, terminal);
  return program;
}

/** Answers the arguments; the result is the exit code. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await keyward(terminal).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // It has said so itself.
    terminal.err(`keyward: ${error instanceof CommandError ? error.message : ((error as Error).stack ?? '')}\n`);
    return error instanceof CommandError ? error.exitCode : 1;
  }
}

/** Commander hands these settings down only to commands made by their parent. */
function prepare(command: Command, terminal: Terminal): void {
  command
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text), writeErr: (text) => terminal.err(text) })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help shows how; names that begin with a hyphen come last, after --)');
  for (const sub of command.commands) prepare(sub, terminal);
}
