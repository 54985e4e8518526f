import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Somebody who has signed in at a server. */
export interface Login {
  accessToken: string;
  refreshToken: string;
  /** Unix milliseconds. */
  expiresAt: number;
  /** The key of the organization that the user is of. */
  organization: string;
  /** What the user may do. */
  scope: string;
}

type Logins = Record<string, Login | undefined>;

/** The sign-ins of this computer's user, one a server: in KEYWARD_HOME, or where programs keep what is the user's own. */
export class LoginFile {
  private readonly file: string;

  constructor(env: NodeJS.ProcessEnv) {
    const config = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config');
    this.file = join(env['KEYWARD_HOME'] || join(config, 'keyward'), 'logins.json');
  }

  /** The one at this server, `https://keyward.example`. */
  of(url: string): Login | undefined {
    return this.read()[url];
  }

  /** Appears whole or not at all, for nobody else to read; `undefined` forgets. */
  keep(url: string, login: Login | undefined): void {
    const logins = JSON.stringify({ ...this.read(), [url]: login }, null, 2);
    const draft = `${this.file}.${process.pid}`;
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
    writeFileSync(draft, `${logins}\n`, { mode: 0o600 });
    renameSync(draft, this.file);
  }

  private read(): Logins {
    try {
      return JSON.parse(readFileSync(this.file, 'utf8')) as Logins;
    } catch {
      return {};
    }
  }
}
