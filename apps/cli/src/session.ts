import { type Command } from 'commander';
import { Api } from './api';
import { CommandError } from './command-error';
import { type Connection, type ConnectionOptions, findConnection } from './connection';
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

  constructor(
    private readonly terminal: Terminal,
    private readonly options: GlobalOptions,
  ) {
    this.connection = findConnection(options, terminal.env);
    this.api = new Api(this.connection, this.connection.operator);
  }

  /** The org key of --org. */
  get organization(): string {
    if (!this.options.org) throw new CommandError('Whose? Name the organization: --org <org key>.', 2);
    return this.options.org;
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
