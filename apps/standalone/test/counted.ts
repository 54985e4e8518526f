import { Bus, type Wire } from '@keyward/bus';
import { CATALOG_SCHEMA, CATALOG_SETTINGS, startCatalog } from '@keyward/catalog';
import { DIRECTORY_SCHEMA, DIRECTORY_SETTINGS, startDirectory } from '@keyward/directory';
import { KEY_MANAGER_SCHEMA, KEY_MANAGER_SETTINGS, startKeyManager } from '@keyward/key-manager';
import { createLogger, loadConfig, type Running } from '@keyward/runtime';
import { createTestDatabase } from '@keyward/testing';
import { startToken, TOKEN_SCHEMA, TOKEN_SETTINGS } from '@keyward/token';
import { randomBytes } from 'node:crypto';
import { Client, type QueryConfig } from 'pg';

/** What one request came to. */
export interface Cost {
  /** The subjects of what crossed between services, in order of name. */
  messages: string[];
  /** The names of the prepared statements that PostgreSQL got, or the text of others, in order of name. */
  queries: string[];
  /** A statement alone is one as well. */
  transactions: number;
}

/** Feeds are followed, uses noted and notices of logout sent and dropped, beside all requests, whatever these are. */
const isBeside = (name: string) => /^(due-|feed-|note-|old-)|\.(since|position|snapshot)$| last_used_at /.test(name);

/** All services in this process, each on a wire of its own, and a count of what their work comes to. */
export async function startCounted(open: (name: string) => Promise<Wire>) {
  const database = await createTestDatabase([DIRECTORY_SCHEMA, KEY_MANAGER_SCHEMA, CATALOG_SCHEMA, TOKEN_SCHEMA]);
  const logger = createLogger('spec', { level: 'silent' });
  const messages: string[] = [];
  const statements = jest.spyOn(Client.prototype, 'query');
  const undo: (() => unknown)[] = [() => database.drop(), () => statements.mockRestore()];

  /** A wire that notes its requests. */
  async function noting(name: string): Promise<Wire> {
    const wire = await open(name);
    undo.push(() => wire.close());
    return Object.assign(Object.create(wire) as Wire, {
      request: (...request: Parameters<Wire['request']>) => {
        messages.push(request[0]);
        return wire.request(...request);
      },
    });
  }
  async function started(name: string, start: (wire: Wire) => Promise<Running>): Promise<Running> {
    const running = await start(await noting(name));
    undo.push(() => running.close());
    return running;
  }
  const env = (schema: string) => ({
    DATABASE_URL: database.url(schema),
    KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    KEYWARD_ADMIN_PASSWORD: 'correct horse battery staple, a long one',
    KEYWARD_CLI_SECRET: 'correct horse battery staple, a long one',
  });
  await started('directory', (wire) =>
    startDirectory(loadConfig(DIRECTORY_SETTINGS, { env: env('directory') }), wire, logger),
  );
  await started('key-manager', (wire) =>
    startKeyManager(loadConfig(KEY_MANAGER_SETTINGS, { env: env('key_manager') }), wire, logger),
  );
  await started('catalog', (wire) => startCatalog(loadConfig(CATALOG_SETTINGS, { env: env('catalog') }), wire, logger));
  const token = await started('token', (wire) =>
    startToken(loadConfig(TOKEN_SETTINGS, { env: env('token') }), wire, logger),
  );
  while ((await token.ready?.())?.status !== 'ready') await new Promise((resolve) => setTimeout(resolve, 10));

  return {
    bus: new Bus(await noting('gateway')),
    costOf: async <T>(request: () => Promise<T>): Promise<{ answer: T; cost: Cost }> => {
      messages.length = 0;
      statements.mockClear();
      const answer = await request();
      const { calls, contexts } = statements.mock;
      const sent = calls.map(([statement], at) => ({ name: nameOf(statement), connection: contexts[at] }));
      const own = transactionsOf(sent).filter((names) => !names.some(isBeside));
      return {
        answer,
        cost: {
          messages: messages.filter((name) => !isBeside(name)).sort(),
          queries: own.flat().sort(),
          transactions: own.length,
        },
      };
    },
    close: async () => {
      for (const step of undo.reverse()) await step();
    },
  };
}
export type Counted = Awaited<ReturnType<typeof startCounted>>;

/** What is sent on a connection from `START TRANSACTION` to its end is one, as is every other statement. */
function transactionsOf(sent: { name: string; connection: unknown }[]): string[][] {
  const open = new Map<unknown, string[]>();
  const all: string[][] = [];
  for (const { name, connection } of sent) {
    const transaction = open.get(connection) ?? [];
    if (transaction.length === 0) all.push(transaction);
    transaction.push(name);
    if (name === 'START TRANSACTION') open.set(connection, transaction);
    if (name === 'COMMIT' || name === 'ROLLBACK') open.delete(connection);
  }
  return all;
}

/** A prepared statement's name, or the text of another. */
function nameOf(statement: unknown): string {
  const { name, text } = typeof statement === 'string' ? { text: statement } : (statement as QueryConfig);
  return name ?? text;
}
