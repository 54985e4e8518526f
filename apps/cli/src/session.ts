import { ROOT_ORGANIZATION } from '@keyward/contracts';
import { type Command } from 'commander';
import { Api } from './api';
import { CommandError } from './command-error';
import { type Connection, type ConnectionOptions, findConnection } from './connection';
import { type Http } from './http';
import { accessTokenOf } from './login';
import { type Login, LoginFile } from './login-file';
import { type Columns, recordText, tableText } from './output';
import { type Terminal } from './terminal';

interface GlobalOptions extends ConnectionOptions {
  org?: string;
  json?: boolean;
}

/** One run of a command: its server, its organization, and how it answers. */
export class Session {
  readonly api: Api;
  readonly connection: Connection;
  readonly logins: LoginFile;

  constructor(
    private readonly terminal: Terminal,
    private readonly options: GlobalOptions,
  ) {
    this.connection = findConnection(options, terminal.env);
    this.logins = new LoginFile(terminal.env);
    const login = this.login;
    const source = login && ((http: Http) => accessTokenOf(http, this.logins, login));
    this.api = new Api(this.connection, this.connection.operator, source);
  }

  /** The org key of --org; one's own, where one has signed in and is no operator. */
  get organization(): string {
    const own = this.login?.organization;
    const organization = this.options.org ?? (own === ROOT_ORGANIZATION.key ? undefined : own);
    if (!organization) throw new CommandError('Whose? Name the organization: --org <org key>.', 2);
    return organization;
  }

  /** Who has signed in at this server; the secrets of an environment go before. */
  private get login(): Login | undefined {
    return this.terminal.env['KEYWARD_ADMIN_PASSWORD'] ? undefined : this.logins.of(this.connection.url);
  }

  show<T extends object>(record: T, columns: Columns<T>): void {
    this.terminal.out(this.options.json ? json(record) : recordText(record, columns));
  }

  list<T extends object>(records: T[], columns: Columns<T>): void {
    this.terminal.out(this.options.json ? json(records) : tableText(records, columns));
  }

  json(value: object): void {
    this.terminal.out(json(value));
  }

  /** Says what was done where there is nothing to show. */
  done(text: string): void {
    if (!this.options.json) this.terminal.out(`${text}\n`);
  }

  /** For people only, so that what is piped on stays clean. */
  note(text: string): void {
    this.terminal.err(`${text}\n`);
  }
}

/** Runs an action with a session and lets its connections go afterwards. */
export async function inSession(
  terminal: Terminal,
  command: Command,
  action: (session: Session) => Promise<void>,
): Promise<void> {
  const session = new Session(terminal, command.optsWithGlobals());
  try {
    await action(session);
  } finally {
    await session.api.close();
  }
}

const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
