import { CLI_CONSUMER_KEY, ROOT_ORGANIZATION } from '@keyward/contracts';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from './command-error';
import { type Credentials, type Demo, demoFileIn, homeOf, readDemo } from './demo-file';

/** How a Keyward is reached, and how far its certificate is trusted. */
export interface Server {
  /** Scheme, host and port. */
  url: string;
  /** PEM of the authority to trust instead of the system's. */
  ca?: string;
  /** Nothing about the certificate is checked; only ever by an explicit flag. */
  insecure?: boolean;
}

/** Who speaks to the management API. What is missing is complained of when the first request is made. */
export type Operator = Partial<Credentials> & Pick<Credentials, 'username' | 'consumerKey'>;

/** What the command line knows of its server; `demo` is the home's file when it is this server's. */
export interface Connection extends Server {
  operator: Operator;
  demo?: Demo;
}

/** Options that every command takes. */
export interface ConnectionOptions {
  url?: string;
  caFile?: string;
  insecure?: boolean;
}

/**
 * Options before environment before the home of `npm start`. The home's secrets and certificate are used for the home's
 * server only: another URL never gets them.
 */
export function findConnection(options: ConnectionOptions, env: NodeJS.ProcessEnv): Connection {
  const home = homeOf(env);
  const found = readDemo(demoFileIn(home));
  const homeUrl = found && new URL(found.tokenUrl).origin;
  const url = serverUrl(options.url ?? env['KEYWARD_URL'] ?? homeUrl ?? 'https://localhost:8243');
  const demo = url === homeUrl ? found : undefined;
  const certificate = join(home, 'certificate.pem');
  const caFile =
    options.caFile ?? env['KEYWARD_CA_FILE'] ?? (demo && existsSync(certificate) ? certificate : undefined);
  return {
    url,
    ca: caFile ? readCa(caFile) : undefined,
    insecure: options.insecure,
    demo,
    operator: {
      organization: ROOT_ORGANIZATION.key,
      username: env['KEYWARD_ADMIN_USERNAME'] ?? demo?.admin.username ?? 'admin',
      password: env['KEYWARD_ADMIN_PASSWORD'] ?? demo?.admin.password,
      consumerKey: demo?.admin.consumerKey ?? CLI_CONSUMER_KEY,
      consumerSecret: env['KEYWARD_CLI_SECRET'] ?? demo?.admin.consumerSecret,
    },
  };
}

function serverUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['https:', 'http:'].includes(url.protocol))
    throw new CommandError(`${text} is not a URL: write it like https://localhost:8243.`, 2);
  if (url.protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(url.hostname))
    throw new CommandError(`${text} would carry passwords in clear text: use https.`, 2);
  return url.origin;
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`The CA file cannot be read: ${(error as Error).message}.`, 2);
  }
}
